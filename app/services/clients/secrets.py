"""Secrets of a client: two at once while one replaces the other, and their expiry."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.clock import Clock
from app.details import Detail
from app.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    StaleVersionError,
    require_version,
)
from app.models.clients.clients import Client
from app.models.operations.audit_outbox import NewEvent
from app.repositories.clients.clients import ClientRepository
from app.schemas.admin_scopes import AdminScope
from app.security.tokens import TokenKind, digest_of, new_token
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority

MINIMUM_LENGTH = 32
MAXIMUM_LENGTH = 200
LONGEST_OVERLAP = timedelta(days=90)


class ClientSecretService:
    """Changes of secrets, which hold from the client's next request on."""

    def __init__(
        self, *, client_repository: ClientRepository, audit: AuditLog, clock: Clock
    ) -> None:
        self._client_repository = client_repository
        self._audit = audit
        self._clock = clock

    async def replace(
        self,
        client_id: str,
        *,
        overlap: timedelta,
        secret: str | None = None,
        expires_at: datetime | None = None,
        authority: Authority,
    ) -> str:
        """Issue a secret, or store the chosen one, and return it.

        The current secret is valid for `overlap` longer. Raise `ConflictError` while there are two
        valid secrets already.
        """
        client = await self._get(client_id, authority)
        now = self._clock.now()
        if secret is not None:
            require_good_secret(secret)
        if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
            raise InvalidInputError(Detail.SECRET_OVERLAP_INVALID, field="overlap")
        if expires_at is not None and expires_at <= now:
            raise InvalidInputError(Detail.SECRET_EXPIRY_PAST, field="expires_at")
        if overlap and client.has_valid_previous_secret(now):
            raise ConflictError(Detail.CLIENT_HAS_TWO_SECRETS)
        new = secret or new_token(TokenKind.CLIENT_SECRET)
        ends = (at for at in (now + overlap, client.secret_expires_at) if at is not None)
        after = client._replace(
            secret_digest=digest_of(new),
            secret_expires_at=expires_at,
            previous_secret_digest=client.secret_digest if overlap else None,
            previous_secret_expires_at=min(ends) if overlap else None,
        )
        event = self._event(ServerEvent.CLIENT_SECRET_ROTATED, client, after)
        await self._store(client, after, event)
        return new

    async def revoke_previous(self, client_id: str, *, authority: Authority) -> bool:
        """Revoke the secret that is being replaced; return False if there is none."""
        client = await self._get(client_id, authority)
        if client.previous_secret_digest is None:
            return False
        after = client._replace(previous_secret_digest=None, previous_secret_expires_at=None)
        event = self._event(ServerEvent.CLIENT_SECRET_REVOKED, client, after)
        await self._store(client, after, event)
        return True

    async def set_expiry(
        self,
        client_id: str,
        expires_at: datetime | None,
        *,
        version: int | None = None,
        authority: Authority,
    ) -> Client:
        """Let the current secret expire at an instant, or never.

        A `version` that is given must be the current one.
        """
        client = await self._get(client_id, authority)
        require_version(version, current=client.version)
        after = client._replace(secret_expires_at=expires_at)
        if after == client:
            return client
        event = self._event(ServerEvent.CLIENT_SECRET_EXPIRY_CHANGED, client, after)
        await self._store(client, after, event)
        return after._replace(version=client.version + 1)

    async def _get(self, client_id: str, authority: Authority) -> Client:
        authority.require(AdminScope.CLIENTS_WRITE)
        client = await self._client_repository.find_registered(client_id, now=self._clock.now())
        if client is None:
            raise NotFoundError(Detail.CLIENT_UNKNOWN)
        authority.require_may_change(client)
        if client.secret_digest is None:
            raise InvalidInputError(Detail.CLIENT_HAS_NO_SECRET)
        return client

    def _event(self, action: ServerEvent, before: Client, after: Client) -> NewEvent:
        return self._audit.event(
            action, client_id=before.client_id, before=_shown(before), after=_shown(after)
        )

    async def _store(self, before: Client, after: Client, event: NewEvent) -> None:
        if not await self._client_repository.change(before, after, event=event):
            raise StaleVersionError


def _shown(client: Client) -> Mapping[str, Any]:
    """Return what the audit log says: when secrets expire, and nothing about their values."""
    return {
        "secret_expires_at": _text(client.secret_expires_at),
        "has_previous_secret": client.previous_secret_digest is not None,
        "previous_secret_expires_at": _text(client.previous_secret_expires_at),
    }


def _text(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at is not None else None


def is_acceptable(secret: str) -> bool:
    """Return whether a secret that was not created here is plain and long enough."""
    is_plain = secret.isascii() and secret.isprintable() and " " not in secret
    return is_plain and MINIMUM_LENGTH <= len(secret) <= MAXIMUM_LENGTH


def require_good_secret(secret: str) -> None:
    """Raise `InvalidInputError` for a chosen secret that is short, long or not plain ASCII."""
    if not is_acceptable(secret):
        raise InvalidInputError(Detail.CLIENT_SECRET_INVALID, field="client_secret")
