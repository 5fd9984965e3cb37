"""Authorization requests that are pending while the user works through the pages."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from app.clock import Clock
from app.models.clients.clients import Client
from app.models.oauth.authorization_requests import StoredRequest
from app.models.oauth.granted_resources import GrantedResources, parse_granted
from app.oauth.authorization.requests import (
    AuthorizationRequest,
    RefusedRequestError,
    RequestParser,
    UntrustedRequestError,
)
from app.oauth.authorization.sources import DOCUMENT, RequestSources, Source, pushed_name
from app.oauth.authorization.stale import complete, expired
from app.oauth.claims import parse_claims
from app.oauth.client_documents.documents import ClientDocuments
from app.oauth.resource_scopes import permitted_at
from app.repositories.oauth.authorization_requests import AuthorizationRequestRepository
from app.security.document_urls import stored_client_id
from app.security.tokens import TokenKind, derived_token, digest_of, new_token

INTERACTION = "interaction"
INTERACTION_TTL = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Pending:
    """A pending request as a page shows it.

    `request_id` is its secret name. `pushed` is the digest of the pushed request that it comes from
    (RFC 9126), if any.
    """

    request_id: str
    request: AuthorizationRequest
    stored: StoredRequest
    pushed: bytes | None


class PendingRequests:
    """Pending requests, by the secret name that their pages carry.

    For a pushed request, the name is derived from the browser, so that the browser finds the
    pending request again when the user reloads the page.
    """

    def __init__(
        self,
        *,
        authorization_request_repository: AuthorizationRequestRepository,
        request_sources: RequestSources,
        request_parser: RequestParser,
        client_documents: ClientDocuments,
        clock: Clock,
    ) -> None:
        self._client_documents = client_documents
        self._authorization_request_repository = authorization_request_repository
        self._request_sources = request_sources
        self._request_parser = request_parser
        self._clock = clock

    async def store(self, source: Source, request: AuthorizationRequest, *, browser: str) -> str:
        """Store a request and return its name.

        The scopes and claims are stored as they are requested now: what the client registers later
        is not added to them.
        """
        expires_at = source.began_at + INTERACTION_TTL
        content: dict[str, Any] = {
            "parameters": {
                name: value for name, value in source.parameters.items() if name != "claims"
            },
            "scopes": request.scopes,
            "claims": request.claims.text,
            "resources": request.granted.stored(),
            "pushed": source.digest.hex() if source.digest is not None else None,
        }
        if (carried := self._client_documents.content_of(source.client)) is not None:
            content[DOCUMENT] = carried
        request_id = new_token(TokenKind.REQUEST)
        if source.pushed is not None:
            request_id = _name_in(browser, source.pushed)
            await self._authorization_request_repository.prolong(
                digest_of(source.pushed), expires_at=expires_at
            )
        await self._authorization_request_repository.add(
            StoredRequest(
                digest=digest_of(request_id),
                kind=INTERACTION,
                client_id=source.client.client_id,
                parameters=json.dumps(content, ensure_ascii=False),
                session_id=None,
                consent_session_id=None,
                created_at=source.began_at,
                expires_at=expires_at,
                used_at=None,
            )
        )
        return request_id

    async def name_in(self, browser: str, parameters: Mapping[str, str]) -> str | None:
        """Return the name of the pending request that a browser has for a pushed one, or None."""
        pushed = pushed_name(parameters.get("request_uri"))
        if pushed is None:
            return None
        request_id = _name_in(browser, pushed)
        stored = await self._authorization_request_repository.find(
            digest_of(request_id), now=self._clock.now()
        )
        client_id = stored_client_id(parameters.get("client_id", ""))
        is_of_client = stored is not None and stored.client_id == client_id
        return request_id if is_of_client else None

    async def find(self, request_id: str) -> Pending:
        """Return an unanswered pending request; raises `UntrustedRequestError`."""
        stored = None
        if TokenKind.REQUEST.matches(request_id):
            stored = await self._authorization_request_repository.find_even_expired(
                digest_of(request_id)
            )
        if stored is None or stored.kind != INTERACTION:
            raise expired("the pending request is unknown or has expired")
        content = json.loads(stored.parameters)
        client = await self._request_sources.client(stored.client_id, content.get(DOCUMENT))
        came_from = client, str(content["parameters"].get("redirect_uri", ""))
        if stored.expires_at <= self._clock.now():
            raise expired("the pending request has expired", came_from)
        if stored.used_at is not None:
            raise complete(came_from)
        try:
            request = await self._request_parser.parse(
                client, content["parameters"], began_at=stored.created_at
            )
        except RefusedRequestError:  # the client has changed and may no longer request this
            raise _outdated(came_from) from None
        granted = parse_granted(content.get("resources"))
        if granted.scopes.keys() != request.granted.scopes.keys():  # its default has changed
            raise _outdated(came_from)
        if not all(each.existed_at(stored.created_at) for each in request.resources):
            raise _outdated(came_from)
        pushed = content.get("pushed")
        return Pending(
            request_id,
            replace(_from_stored(request, content), granted=_still_granted(granted, request)),
            stored,
            bytes.fromhex(pushed) if pushed is not None else None,
        )

    async def use(self, pending: Pending | None, *, pushed: bytes | None) -> bool:
        """Consume a request, and the pushed request it comes from.

        Returns True to one caller only.
        """
        now = self._clock.now()
        if pushed is not None and not await self._authorization_request_repository.use(
            pushed, now=now
        ):
            return False
        return pending is None or await self._authorization_request_repository.use(
            pending.stored.digest, now=now
        )


def _name_in(browser: str, pushed: str) -> str:
    return derived_token(TokenKind.REQUEST, pushed, context=browser)


def _outdated(came_from: tuple[Client, str]) -> UntrustedRequestError:
    return expired("the client is no longer allowed to make this request", came_from)


def _still_granted(stored: GrantedResources, request: AuthorizationRequest) -> GrantedResources:
    """Return what was requested at each resource, less scopes no longer known or allowed."""
    return GrantedResources(
        {
            resource.identifier: tuple(
                permitted_at(resource, stored.scopes[resource.identifier], client=request.client)
            )
            for resource in request.resources
        }
    )


def _from_stored(request: AuthorizationRequest, stored: Mapping[str, Any]) -> AuthorizationRequest:
    """Return the request as it was stored, less scopes and claims no longer allowed."""
    client = request.client
    return replace(
        request,
        scopes=tuple(name for name in stored["scopes"] if name in client.grantable_scopes),
        claims=parse_claims(stored["claims"]).within(client.allowed_scope),
    )
