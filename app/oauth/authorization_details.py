"""Rich authorization requests (RFC 9396): what a client may ask for in detail, and what it gets.

Requests without `authorization_details` cost nothing here.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from app.models.clients.clients import Client
from app.models.oauth.authorization_types import AuthorizationType
from app.models.oauth.resources import Resource
from app.oauth.descriptions import Description
from app.oauth.detail_lists import (
    TYPE,
    AuthorizationDetail,
    InvalidAuthorizationDetailsError,
    members_of,
    parse_details,
    parse_stored,
    require_within,
    stored_details,
)
from app.oauth.token_grants import TokenGrant
from app.observability.refusals import shell_word
from app.schemas.detail_schemas import DetailValidator
from app.schemas.detail_sentences import Part, sentence_of, shown_texts
from app.security.display_names import problem_with
from app.services.oauth.authorization_type_catalogue import AuthorizationTypeCatalogue

MAXIMUM_SHOWN_TYPE = 128


class AuthorizationDetails:
    """Authorization details of requests and grants, in the form of `stored_details`."""

    def __init__(self, authorization_type_catalogue: AuthorizationTypeCatalogue) -> None:
        self._authorization_type_catalogue = authorization_type_catalogue

    async def requested(
        self, client: Client, sent: str | None, *, resources: Sequence[Resource]
    ) -> str | None:
        """Return the details that a request asks for beside these resources, or None.

        `sent` is the parameter. Raises `InvalidAuthorizationDetailsError`.
        """
        if sent is None:
            return None
        details, types = parse_details(sent), await self._authorization_type_catalogue.types()
        for detail in details:
            kind = _permitted(types.get(detail[TYPE]), detail[TYPE], client)
            _check(detail, kind)
            if not any(map(kind.is_for, resources or (None,))):
                raise InvalidAuthorizationDetailsError(
                    reason=f"the authorization details have the type {kind.name}, which is for the"
                    f" resources {' '.join(sorted(kind.resources))}: name one as `resource`"
                )
        return stored_details(details)

    async def grant_to_client(self, grant: TokenGrant, client: Client, *, asked: str) -> TokenGrant:
        """Return the grant of a token request that no user has to approve."""
        resources = (grant.resource,) if grant.resource is not None else ()
        details = await self.requested(client, asked, resources=resources)
        return replace(grant, authorization_details=details)

    async def grant_of(
        self, grant: TokenGrant, client: Client, *, asked: str | None, granted: str | None
    ) -> TokenGrant:
        """Return a grant with those of the granted details that its access token gets.

        These are the ones for its audience whose types the client may still request, and that the
        current schemas of those types accept (section 5). A request may ask for less (section 6.1).
        The family keeps all that was granted.
        """
        if asked is None and granted is None:
            return grant
        types = await self._authorization_type_catalogue.types()
        available = [
            detail
            for detail in parse_stored(granted)
            if (kind := types.get(detail[TYPE])) is not None
            and kind.may_be_requested_by(client)
            and kind.is_for(grant.resource)
            and _problem_with(detail, kind) is None
        ]
        if asked is None:
            chosen: Sequence[AuthorizationDetail] = available
        else:
            chosen = parse_details(asked)
            require_within(chosen, available)
        return replace(
            grant, authorization_details=stored_details(chosen), details_of_family=granted
        )

    async def sentences(self, stored: str | None, *, language: str) -> Sequence[Sequence[Part]]:
        """Return what the consent page says about each detail."""
        if stored is None:
            return []
        types = await self._authorization_type_catalogue.types()
        return [_sentence(each, types.get(each[TYPE]), language) for each in parse_stored(stored)]


def refuse_details(asked: str | None) -> None:
    """Refuse details at a grant that does not accept them; ignoring them would grant more."""
    if asked is not None:
        raise InvalidAuthorizationDetailsError(
            Description.AUTHORIZATION_DETAILS_NOT_AT_GRANT,
            reason="the authorization details are not accepted at this grant type",
        )


def _permitted(kind: AuthorizationType | None, name: str, client: Client) -> AuthorizationType:
    if kind is None:
        raise InvalidAuthorizationDetailsError(
            reason=f"the authorization details have the unknown type {_shown(name)}: run `postern"
            " authorization-types create`"
        )
    if not kind.may_be_requested_by(client):
        raise InvalidAuthorizationDetailsError(
            reason="the authorization details have a type that the client may not request: run"
            f" `postern authorization-types set {shell_word(kind.name, 'NAME')}"
            f" --client {shell_word(client.client_id, 'CLIENT_ID')}`,"
            " and compare the authorization_details_types that it registered"
        )
    return kind


def _check(detail: AuthorizationDetail, kind: AuthorizationType) -> None:
    """Check a detail against the schema of its type, and that its values can be shown."""
    problem = _problem_with(detail, kind)
    if problem is None:
        sentences = (kind.description, *kind.texts.values())
        shown = [text for each in sentences for text in shown_texts(each, detail)]
        problem = next((wrong for text in shown if (wrong := problem_with(text))), None)
    if problem is not None:
        raise InvalidAuthorizationDetailsError(
            reason=f"the authorization details do not match the type {kind.name}: {problem}"
        )


def _problem_with(detail: AuthorizationDetail, kind: AuthorizationType) -> str | None:
    try:
        validator = _validator_of(kind.json_schema)
    except ValueError as error:  # written past the checks of the administration
        return f"its schema {error}"
    return validator.problem_with(members_of(detail))


def _sentence(
    detail: AuthorizationDetail, kind: AuthorizationType | None, language: str
) -> Sequence[Part]:
    """Return the sentence about a detail, or its type if that has changed since the request."""
    if kind is None or _problem_with(detail, kind) is not None:
        return [Part(detail[TYPE], is_value=True)]
    return sentence_of(kind.text_in(language), detail)


@lru_cache(maxsize=256)
def _validator_of(json_schema: str) -> DetailValidator:
    """Return the compiled schema, which is the same for the same text."""
    return DetailValidator(json.loads(json_schema))


def _shown(name: str) -> str:
    return ascii(name[:MAXIMUM_SHOWN_TYPE])
