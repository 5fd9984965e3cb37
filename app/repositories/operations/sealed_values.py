"""Encrypted values of all kinds: read in pages, and replaced by re-encrypted ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import Column, select, update

from app.database.database import Database
from app.models.accounts.users import users
from app.models.federation.identity_providers import upstream_providers
from app.models.oauth.signing_keys import signing_keys
from app.models.operations.audit_checkpoints import audit_checkpoints
from app.models.operations.mails import mails
from app.models.operations.webhooks import webhooks
from app.security.purposes import Purpose


class SealedKind(StrEnum):
    """A kind of encrypted value, by the name that operators see, with the purpose of its key."""

    purpose: Purpose

    def __new__(cls, name: str, purpose: Purpose) -> Self:
        kind = str.__new__(cls, name)
        kind._value_ = name
        kind.purpose = purpose
        return kind

    OTP_SECRETS = "TOTP secrets", Purpose.OTP_SECRETS
    SIGNING_KEYS = "signing keys", Purpose.SIGNING_KEYS
    IDENTITY_PROVIDER_SECRETS = "provider secrets", Purpose.IDENTITY_PROVIDER_SECRETS
    MAILS = "mails", Purpose.MAILS
    AUDIT_CHECKPOINTS = "audit checkpoints", Purpose.AUDIT_CHECKPOINTS
    WEBHOOK_SECRETS = "webhook secrets", Purpose.WEBHOOK_SECRETS


PLACES: Mapping[SealedKind, tuple[Column[Any], Column[Any]]] = {
    SealedKind.OTP_SECRETS: (users.c.user_id, users.c.otp_secret),
    SealedKind.SIGNING_KEYS: (signing_keys.c.kid, signing_keys.c.private_sealed),
    SealedKind.IDENTITY_PROVIDER_SECRETS: (
        upstream_providers.c.name,
        upstream_providers.c.sealed_secret,
    ),
    SealedKind.MAILS: (mails.c.mail_id, mails.c.sealed),
    SealedKind.AUDIT_CHECKPOINTS: (
        audit_checkpoints.c.checkpoint_id,
        audit_checkpoints.c.signature,
    ),
    SealedKind.WEBHOOK_SECRETS: (webhooks.c.webhook_id, webhooks.c.sealed_secrets),
}
"""The columns of the owner, which is also the encryption context, and of the encrypted value."""


@dataclass(frozen=True, slots=True)
class SealedValue:
    owner: str
    sealed: bytes


class SealedValueRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_page(self, kind: SealedKind, *, after: str, limit: int) -> Sequence[SealedValue]:
        """Return a page of encrypted values, ordered by owner."""
        owner, sealed = PLACES[kind]
        return await self._database.find_all(
            select(owner, sealed)
            .where(owner > after, sealed.is_not(None), sealed != b"")
            .order_by(owner)
            .limit(limit),
            value=SealedValue,
        )

    async def replace(self, kind: SealedKind, values: Sequence[tuple[SealedValue, bytes]]) -> int:
        """Replace encrypted values, and return how many were replaced.

        A value that was changed meanwhile is skipped. `values` must be ordered by owner, so that
        two concurrent commands do not deadlock.
        """
        owner, sealed = PLACES[kind]
        replaced = 0
        async with self._database.transaction() as connection:
            for old, new in values:
                result = await connection.execute(
                    update(owner.table)
                    .where(owner == old.owner, sealed == old.sealed)
                    .values({sealed.name: new})
                )
                replaced += result.rowcount
        return replaced
