"""Initial access tokens (RFC 7591 section 1.2): issued, listed and revoked by administrators."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from app.clock import Clock
from app.details import Detail
from app.errors import InvalidInputError, NotFoundError
from app.models.clients.initial_access_tokens import ID_BYTES, InitialAccessToken
from app.repositories.clients.initial_access_tokens import InitialAccessTokenRepository
from app.schemas.admin_scopes import AdminScope
from app.security.text import is_storable
from app.security.tokens import TokenKind, digest_of, new_token
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority

WRITE = AdminScope.TOKENS_WRITE
MAXIMUM_LABEL = 200
DIGEST_BYTES = 32
TOKEN_ID = re.compile(rf"[0-9a-f]{{{2 * ID_BYTES}}}")


class InitialAccessTokenService:
    def __init__(
        self,
        *,
        initial_access_token_repository: InitialAccessTokenRepository,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._initial_access_token_repository = initial_access_token_repository
        self._audit = audit
        self._clock = clock

    async def create(
        self, label: str, *, lasts: timedelta, authority: Authority
    ) -> tuple[str, InitialAccessToken]:
        """Issue a token and return it with its row; anyone who holds it can register clients."""
        authority.require(WRITE)
        if len(label) > MAXIMUM_LABEL or not is_storable(label):
            raise InvalidInputError(Detail.INVITATION_LABEL_INVALID, field="label")
        token, now = new_token(TokenKind.INITIAL_ACCESS_TOKEN), self._clock.now()
        stored = InitialAccessToken(
            digest=digest_of(token), label=label, created_at=now, expires_at=now + lasts
        )
        event = self._audit.event(ServerEvent.CLIENT_INVITED, label=label, after=_shown(stored))
        await self._initial_access_token_repository.add(stored, event=event)
        return token, stored

    async def is_valid(self, token: str) -> bool:
        if not TokenKind.INITIAL_ACCESS_TOKEN.matches(token):
            return False
        return await self._initial_access_token_repository.is_active(
            digest_of(token), now=self._clock.now()
        )

    async def list_page(self, *, after: str = "", limit: int = 100) -> Sequence[InitialAccessToken]:
        """Return a page of valid tokens, beginning after the one with the id `after`."""
        last = _digests_of(after)[1] if after else b""
        return await self._initial_access_token_repository.list_page(
            now=self._clock.now(), after=last, limit=limit
        )

    async def get(self, token_id: str) -> InitialAccessToken:
        token = await self._initial_access_token_repository.find(*_digests_of(token_id))
        if token is None:
            raise NotFoundError(Detail.INITIAL_ACCESS_TOKEN_UNKNOWN)
        return token

    async def revoke(self, token_id: str, *, authority: Authority) -> InitialAccessToken:
        """Revoke a token; clients that registered with it remain."""
        authority.require(WRITE)
        token = await self.get(token_id)
        event = self._audit.event(ServerEvent.INITIAL_ACCESS_TOKEN_REVOKED, before=_shown(token))
        if not await self._initial_access_token_repository.delete(token.digest, event=event):
            raise NotFoundError(Detail.INITIAL_ACCESS_TOKEN_UNKNOWN)
        return token


def _digests_of(token_id: str) -> tuple[bytes, bytes]:
    """Return the first and the last digest that begin with an id."""
    if TOKEN_ID.fullmatch(token_id) is None:
        raise NotFoundError(Detail.INITIAL_ACCESS_TOKEN_UNKNOWN)
    beginning, length = bytes.fromhex(token_id), DIGEST_BYTES - ID_BYTES
    return beginning + bytes(length), beginning + b"\xff" * length


def _shown(token: InitialAccessToken) -> Mapping[str, Any]:
    """Return what the audit log says about a token."""
    return {
        "token_id": token.token_id,
        "label": token.label,
        "expires_at": token.expires_at.isoformat(timespec="seconds"),
    }
