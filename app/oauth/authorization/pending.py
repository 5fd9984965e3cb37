"""Authorization requests that are pending in a browser, while its user is busy with pages."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from app.clock import Clock
from app.models.authorization_requests import StoredRequest
from app.oauth.authorization.requests import (
    AuthorizationRequest,
    RefusedRequestError,
    RequestParser,
)
from app.oauth.authorization.sources import RequestSources, Source, pushed_name
from app.oauth.authorization.stale import complete, expired
from app.oauth.claims import parse_claims
from app.repositories.authorization_requests import AuthorizationRequestRepository
from app.security.tokens import TokenKind, derived_token, digest_of, new_token

INTERACTION = "interaction"
INTERACTION_TTL = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Pending:
    """A pending request as a page shows it.

    `pushed` is the digest of the pushed request that it came from (RFC 9126).
    """

    request: AuthorizationRequest
    stored: StoredRequest
    pushed: bytes | None


class PendingRequests:
    """Requests by the secret name that their pages carry.

    The name of a pushed request's pending one is derived from the browser, so that the browser
    finds it again when the user reloads the page.
    """

    def __init__(
        self,
        stored: AuthorizationRequestRepository,
        sources: RequestSources,
        parser: RequestParser,
        clock: Clock,
    ) -> None:
        self._stored = stored
        self._sources = sources
        self._parser = parser
        self._clock = clock

    async def keep(self, source: Source, request: AuthorizationRequest, *, browser: str) -> str:
        """Store a request and return its name.

        It is stored with what it asks as of now: a client that registers more later is not asked
        about it.
        """
        expires_at = source.began_at + INTERACTION_TTL
        kept = {
            "parameters": {
                name: value for name, value in source.parameters.items() if name != "claims"
            },
            "scopes": request.scopes,
            "claims": request.claims.text,
            "pushed": digest_of(source.pushed).hex() if source.pushed is not None else None,
        }
        request_id = new_token(TokenKind.REQUEST)
        if source.pushed is not None:
            request_id = _name_in(browser, source.pushed)
            await self._stored.prolong(digest_of(source.pushed), expires_at=expires_at)
        await self._stored.add(
            StoredRequest(
                digest=digest_of(request_id),
                kind=INTERACTION,
                client_id=source.client.client_id,
                parameters=json.dumps(kept, ensure_ascii=False),
                session_id=None,
                consent_session_id=None,
                created_at=source.began_at,
                expires_at=expires_at,
                used_at=None,
            )
        )
        return request_id

    async def name_in(self, browser: str, parameters: Mapping[str, str]) -> str | None:
        """Return the name of what a browser made of a pushed request before, if it is pending."""
        pushed = pushed_name(parameters.get("request_uri"))
        if pushed is None:
            return None
        request_id = _name_in(browser, pushed)
        stored = await self._stored.find(digest_of(request_id), now=self._clock.now())
        is_of_client = stored is not None and stored.client_id == parameters.get("client_id")
        return request_id if is_of_client else None

    async def find(self, request_id: str) -> Pending:
        """Return a request that was not answered yet; raises `UntrustedRequestError`."""
        stored = None
        if TokenKind.REQUEST.matches(request_id):
            stored = await self._stored.find_even_expired(digest_of(request_id))
        if stored is None or stored.kind != INTERACTION:
            raise expired("the pending request is unknown or has expired")
        client = await self._sources.client(stored.client_id)
        kept = json.loads(stored.parameters)
        came_from = client, str(kept["parameters"].get("redirect_uri", ""))
        if stored.expires_at <= self._clock.now():
            raise expired("the pending request has expired", came_from)
        if stored.used_at is not None:
            raise complete(came_from)
        try:
            request = self._parser.parse(client, kept["parameters"], began_at=stored.created_at)
        except RefusedRequestError:  # the client changed meanwhile, and may not ask this any more
            raise expired("the client may not ask for this any more", came_from) from None
        pushed = kept.get("pushed")
        return Pending(
            _as_kept(request, kept), stored, bytes.fromhex(pushed) if pushed is not None else None
        )

    async def use(self, pending: Pending | None, *, pushed: bytes | None) -> bool:
        """Take a request out of use, and the pushed one it came from; one caller gets True."""
        now = self._clock.now()
        if pushed is not None and not await self._stored.use(pushed, now=now):
            return False
        return pending is None or await self._stored.use(pending.stored.digest, now=now)


def _name_in(browser: str, pushed: str) -> str:
    return derived_token(TokenKind.REQUEST, pushed, context=browser)


def _as_kept(request: AuthorizationRequest, kept: Mapping[str, Any]) -> AuthorizationRequest:
    """What was asked when it was stored, less what the client may not have any more."""
    client = request.client
    return replace(
        request,
        scopes=tuple(name for name in kept["scopes"] if name in client.scopes),
        claims=parse_claims(kept["claims"]).within(client.scope),
    )
