"""Tokens of a client, as administrators list and revoke them. The tokens are never shown."""

import re
from collections.abc import Sequence

from app.clock import Clock
from app.details import Detail
from app.errors import NotFoundError
from app.repositories.clients.clients import ClientRepository
from app.repositories.oauth.client_tokens import (
    AccessPosition,
    ClientAccessToken,
    ClientFamily,
    ClientTokenRepository,
    FamilyPosition,
)
from app.schemas.admin_scopes import AdminScope
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority

TokenPosition = FamilyPosition | AccessPosition
ClientTokens = ClientFamily | ClientAccessToken
TOKEN_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}|[0-9a-f]{76}")
"""The id of a family, or the digest of an access token."""
FAMILY_ID_LENGTH = 32
"""Length of the id of a family. That of an access token is its digest, which is longer."""


class ClientTokenService:
    """Valid tokens: a token family for each sign-in of a user, and the access tokens that the
    client has on its own behalf."""

    def __init__(
        self,
        *,
        client_token_repository: ClientTokenRepository,
        client_repository: ClientRepository,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._client_token_repository = client_token_repository
        self._client_repository = client_repository
        self._audit = audit
        self._clock = clock

    async def list_page(
        self, client_id: str, *, after: TokenPosition | None = None, limit: int
    ) -> Sequence[ClientTokens]:
        """Return a page: first the families, then the access tokens, of each the newest first."""
        now, tokens = self._clock.now(), list[ClientTokens]()
        if not isinstance(after, AccessPosition):
            tokens += await self._client_token_repository.list_families(
                client_id, after=after, now=now, limit=limit
            )
            after = None
        if len(tokens) < limit:
            tokens += await self._client_token_repository.list_access_tokens(
                client_id, after=after, now=now, limit=limit - len(tokens)
            )
        return tokens

    async def revoke(self, client_id: str, token_id: str, *, authority: Authority) -> None:
        """Revoke a family with all of its tokens, or an access token.

        Raise `NotFoundError` if the client has no valid one with this id.
        """
        await self._require_may_change(client_id, authority)
        if TOKEN_ID.fullmatch(token_id) is None:
            raise NotFoundError(Detail.CLIENT_TOKEN_UNKNOWN)
        now = self._clock.now()
        event = self._audit.event(
            ServerEvent.CLIENT_TOKEN_REVOKED, client_id=client_id, token_id=token_id
        )
        if len(token_id) == FAMILY_ID_LENGTH:
            is_revoked = await self._client_token_repository.revoke_family(
                client_id, token_id, is_full=authority.is_full, now=now, event=event
            )
        else:
            is_revoked = await self._client_token_repository.revoke_access_token(
                client_id, bytes.fromhex(token_id), now=now, event=event
            )
        if not is_revoked:
            raise NotFoundError(Detail.CLIENT_TOKEN_UNKNOWN)

    async def revoke_all(self, client_id: str, *, authority: Authority) -> int:
        """Revoke every token of a client, and return how many families and access tokens."""
        await self._require_may_change(client_id, authority)
        return await self._client_token_repository.revoke_all(
            client_id,
            is_full=authority.is_full,
            now=self._clock.now(),
            event_of=lambda count: self._audit.event(
                ServerEvent.CLIENT_TOKENS_REVOKED, client_id=client_id, count=count
            ),
        )

    async def _require_may_change(self, client_id: str, authority: Authority) -> None:
        authority.require(AdminScope.TOKENS_WRITE)
        client = await self._client_repository.find(client_id, now=self._clock.now())
        if client is None:
            raise NotFoundError(Detail.CLIENT_UNKNOWN)
        authority.require_may_change(client)
