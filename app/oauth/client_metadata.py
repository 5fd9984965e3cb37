"""Rules for client metadata (RFC 7591 section 2, OpenID Connect Dynamic Client Registration
section 2), which are the same at `/register` and `/create_client`.
"""

from collections.abc import Collection, Sequence
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from app.details import Detail
from app.errors import InvalidInputError
from app.models.clients.clients import Client
from app.oauth.authorization.requests import RESPONSE_TYPES
from app.oauth.certificate_metadata import check_certificate_members
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidClientMetadataError, InvalidRedirectUriError
from app.oauth.redirect_uris import is_loopback
from app.oauth.scopes import SCOPES
from app.oauth.supported_metadata import SupportedMetadata
from app.observability.logging import logger
from app.observability.refusals import shown_uri
from app.outbound.http import OutboundHttp
from app.schemas.admin_scopes import AdminScope
from app.schemas.claim_names import GROUPS, ROLES
from app.schemas.clients import ClientCreate
from app.schemas.registration import ClientRegister, members_in
from app.security.jose import CLIENT_ALGORITHM_NAMES, SIGNING_ALGORITHMS
from app.security.origins import web_origin_of
from app.services.clients.clients import DEFAULT_AUTH_METHOD, application_type_of
from app.services.clients.fapi import (
    SIGNED_BY_CLIENT,
    SIGNED_BY_SERVER,
    FapiProfile,
    fapi_problem,
)

log = logger(__name__)

AnyClient = ClientCreate | ClientRegister
Body = TypeVar("Body", ClientCreate, ClientRegister)
ALGORITHM_MEMBERS: dict[str, Collection[str]] = {
    **dict.fromkeys(SIGNED_BY_SERVER, SIGNING_ALGORITHMS),
    **dict.fromkeys(SIGNED_BY_CLIENT, CLIENT_ALGORITHM_NAMES),
}
ENCRYPTION_MEMBERS = tuple(
    f"{response}_encrypted_response_{part}"
    for response in ("id_token", "userinfo")
    for part in ("alg", "enc")
)
DEFAULT_SCOPE = " ".join(name for name in SCOPES if name not in (GROUPS, ROLES))
"""The scope of a client that registers without one; groups and roles have to be asked for."""
ADMIN_SCOPES = frozenset(scope.value for scope in AdminScope)
LOGO = "logo_uri"
MAXIMUM_LOGGED = 200
PLACES = {
    "web": Description.REDIRECT_URI_NOT_FOR_WEB,
    "native": Description.REDIRECT_URI_NOT_FOR_NATIVE,
    None: Description.REDIRECT_URI_NOT_ACCEPTED,
}
"""Hints for fixing a redirect URI, by application_type."""


class ClientRules:
    """Checks of client metadata.

    `is_strict` is for production; development also accepts http redirect URIs of any host.
    """

    def __init__(
        self,
        outbound: OutboundHttp,
        *,
        supported: SupportedMetadata,
        fapi: FapiProfile,
        is_strict: bool,
    ) -> None:
        self._outbound = outbound
        self._supported = supported
        self._fapi = fapi
        self._is_strict = is_strict

    def check(self, body: AnyClient, *, before: Client | None) -> None:
        """Check the metadata of a new client, or the new metadata of a client.

        Raises `InvalidClientMetadataError` or `InvalidRedirectUriError`.
        """
        self._check_profile(body, before)
        self._check_supported(body)
        check_certificate_members(
            body, has_client_certificates=self._supported.has_client_certificates
        )
        for uri in body.all_redirect_uris:
            if not self._may_live_at(urlsplit(uri), body.application_type):
                raise InvalidRedirectUriError(
                    PLACES[body.application_type],
                    reason=f"the redirect_uri {shown_uri(uri)} is not accepted"
                    f" for application_type {body.application_type}",
                )
        self._check_reachable(body)
        _check_frame(body)

    def without_unsupported(self, body: ClientRegister) -> ClientRegister:
        """Remove the grant and response types that this server does not support.

        The response tells the client what was registered (RFC 7591 section 3.2.1). Raises
        `InvalidClientMetadataError` if none is left.
        """
        grant_types = [name for name in body.grant_types if name in self._supported.grant_types]
        response_types = [name for name in body.response_types if name in RESPONSE_TYPES]
        if not grant_types:
            raise InvalidClientMetadataError(Description.NO_GRANT_TYPE_SUPPORTED)
        if body.response_types and not response_types:
            raise InvalidClientMetadataError(Description.NO_RESPONSE_TYPE_SUPPORTED)
        return body.model_copy(
            update={"grant_types": grant_types, "response_types": response_types}
        )

    def check_grants(self, body: ClientRegister, *, is_invited: bool) -> None:
        """Refuse grants that only the holder of an initial access token can register.

        Raises `InvalidClientMetadataError`.
        """
        if not is_invited and self.are_restricted(body.grant_types):
            raise InvalidClientMetadataError(Description.GRANT_REQUIRES_INITIAL_ACCESS_TOKEN)

    def are_restricted(self, grant_types: Collection[str]) -> bool:
        """Return whether an initial access token is required to register these grants."""
        return not self._supported.restricted_grant_types.isdisjoint(grant_types)

    def has_secret(self, body: AnyClient) -> bool:
        """Return whether the client is issued a secret."""
        method = body.token_endpoint_auth_method or DEFAULT_AUTH_METHOD
        return method in self._supported.methods_with_secret

    def without_unreachable_logos(self, body: Body) -> Body:
        """Remove logos that can never be fetched: they are not a reason to refuse the client."""
        if body.logo_uri is not None and not self._outbound.may_reach(body.logo_uri):
            body = body.model_copy(update={LOGO: None})
        tagged = [name for name in body.model_extra or {} if name.startswith(f"{LOGO}#")]
        unreachable = [
            name
            for name in tagged
            if not self._outbound.may_reach(str((body.model_extra or {})[name]))
        ]
        if not unreachable:
            return body
        body = body.model_copy()
        for name in unreachable:
            (body.model_extra or {}).pop(name)
        return body

    def _check_profile(self, body: AnyClient, before: Client | None) -> None:
        """Require the metadata to fit the FAPI 2.0 profile, if it holds for the client."""
        holds = self._fapi.holds_for_all if before is None else self._fapi.holds_for(before)
        problem = fapi_problem(members_in(body)) if holds else None
        if problem is not None:
            raise InvalidClientMetadataError(
                str(problem.detail), reason=f"{problem.member} does not fit the FAPI 2.0 profile"
            )

    def _check_supported(self, body: AnyClient) -> None:
        supported = self._supported
        grant_types, method = set(body.grant_types), body.token_endpoint_auth_method
        if not grant_types <= supported.grant_types:
            raise InvalidClientMetadataError(Description.A_GRANT_TYPE_NOT_SUPPORTED)
        if not set(body.response_types) <= set(RESPONSE_TYPES):
            raise InvalidClientMetadataError(Description.A_RESPONSE_TYPE_NOT_SUPPORTED)
        if method is not None and method not in supported.auth_methods:
            raise _value_not_supported("token_endpoint_auth_method", supported.auth_methods)
        if body.is_public and not grant_types <= supported.public_grant_types:
            raise InvalidClientMetadataError(Description.GRANT_TYPES_NOT_FOR_PUBLIC_CLIENTS)
        if method in supported.methods_with_keys and body.jwks is None and body.jwks_uri is None:
            raise InvalidClientMetadataError(Description.KEYS_REQUIRED.format(name=method))
        for name, algorithms in ALGORITHM_MEMBERS.items():
            if getattr(body, name) not in (None, *algorithms):
                raise _value_not_supported(name, algorithms)
        for name in ENCRYPTION_MEMBERS:
            if name in (body.model_extra or {}):
                raise InvalidClientMetadataError(
                    Description.ENCRYPTION_NOT_SUPPORTED.format(name=name)
                )

    def _may_live_at(self, parts: SplitResult, application_type: str | None) -> bool:
        """Return whether a redirect URI is allowed (RFC 8252 sections 7 and 8.4, decision 0016)."""
        if parts.scheme == "https":
            return True
        if parts.scheme == "http":
            is_open = not self._is_strict and application_type != "native"
            return is_open or is_loopback(parts.geturl())
        return application_type != "web"

    def _check_reachable(self, body: AnyClient) -> None:
        """Refuse URIs that this server has to request but is not allowed to reach."""
        called: dict[str, Sequence[str | None]] = {
            "jwks_uri": [body.jwks_uri],
            "request_uris": body.request_uris or [],
            "sector_identifier_uri": [body.sector_identifier_uri],
            "backchannel_logout_uri": [body.backchannel_logout_uri],
        }
        for name, uris in called.items():
            if any(uri is not None and not self._outbound.may_reach(uri) for uri in uris):
                raise InvalidClientMetadataError(Description.URI_NOT_REACHABLE.format(name=name))


def _value_not_supported(name: str, values: Collection[str]) -> InvalidClientMetadataError:
    """Return the error for the value of a member that is not one of these."""
    return InvalidClientMetadataError(
        Description.VALUE_NOT_SUPPORTED.format(name=name, values=", ".join(sorted(values)))
    )


def require_no_admin_scope(scope: str, *, known: Collection[str] = ()) -> None:
    """Refuse scopes of the admin API, which are listed for a client apart from its metadata.

    `known` is the scope that the client has registered already. Raises `InvalidInputError`.
    """
    if any(name in ADMIN_SCOPES and name not in known for name in scope.split()):
        raise InvalidInputError(Detail.ADMIN_SCOPE_IN_METADATA, field="scope")


def registered_scope(body: ClientRegister, *, known: Collection[str] = ()) -> str:
    """Return the scope names of the body that this server supports or that are in `known`.

    `known` is the scope that the client has registered already. Returns the default scope if no
    name is left.
    """
    names = (body.scope or "").split()
    registered = [name for name in names if name in SCOPES or name in known]
    ignored = " ".join(name for name in names if name not in registered)
    if ignored:
        log.info("ignoring unknown scope names at registration: %s", ignored[:MAXIMUM_LOGGED])
    return " ".join(registered) or DEFAULT_SCOPE


def without_repetition(client: Client, body: ClientRegister) -> ClientRegister:
    """Remove from an update what only repeats a default from the registration response.

    A client that has not chosen an authentication method may use both client_secret_basic and
    client_secret_post; an update that sends the response back must not take one of them away.
    """
    repeated: dict[str, None] = {}
    has_default_method = body.token_endpoint_auth_method == DEFAULT_AUTH_METHOD
    if client.token_endpoint_auth_method is None and has_default_method:
        repeated["token_endpoint_auth_method"] = None
    redirect_uris = client.redirect_uri_list
    has_default_type = body.application_type == application_type_of(redirect_uris)
    is_same_place = body.all_redirect_uris == redirect_uris
    if client.registered_metadata.application_type is None and has_default_type and is_same_place:
        repeated["application_type"] = None
    return body.model_copy(update=repeated) if repeated else body


def _check_frame(body: AnyClient) -> None:
    """Require the origin of a redirect URI for the framed page (Front-Channel Logout section 2)."""
    uri = body.frontchannel_logout_uri
    if uri is not None and web_origin_of(uri) not in map(web_origin_of, body.all_redirect_uris):
        raise InvalidClientMetadataError(Description.FRONTCHANNEL_LOGOUT_URI_ON_ANOTHER_ORIGIN)
