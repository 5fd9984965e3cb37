"""Queries about what people allowed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from app.database.database import Database
from app.models.consents import Consent, consents
from app.models.token_families import token_families
from app.repositories.inserts import upsert
from app.repositories.redemptions import void_codes

consent, family = consents.c, token_families.c


class ConsentRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, user_id: str, client_id: str) -> Consent | None:
        row: Any = await self._database.fetch_one(
            select(consents).where(consent.user_id == user_id, consent.client_id == client_id)
        )
        return Consent(*row) if row is not None else None

    async def grant(self, user_id: str, client_id: str, scope: str, *, now: datetime) -> None:
        """Adds to what was allowed before."""
        this = (consent.user_id == user_id, consent.client_id == client_id)
        first = upsert(self._database, consents).values(
            user_id=user_id, client_id=client_id, scope=scope, granted_at=now
        )
        async with self._database.transaction() as connection:
            await connection.execute(first.on_conflict_do_nothing())
            allowed = await connection.scalar(select(consent.scope).where(*this).with_for_update())
            both = " ".join(dict.fromkeys([*str(allowed).split(), *scope.split()]))
            await connection.execute(
                update(consents).where(*this).values(scope=both, granted_at=now)
            )

    async def list_of(self, user_id: str) -> Sequence[Consent]:
        rows: Sequence[Any] = await self._database.fetch_all(
            select(consents).where(consent.user_id == user_id).order_by(consent.granted_at.desc())
        )
        return [Consent(*row) for row in rows]

    async def list_with_tokens(self, user_id: str, *, now: datetime) -> Sequence[Consent]:
        """What clients got tokens for, asked or not; the newest first, a client more than once."""
        rows: Sequence[Any] = await self._database.fetch_all(
            select(family.user_id, family.client_id, family.scope, family.created_at)
            .where(family.user_id == user_id, family.revoked_at.is_(None), family.expires_at > now)
            .order_by(family.created_at.desc())
        )
        return [Consent(*row) for row in rows]

    async def revoke(self, user_id: str, client_id: str, *, now: datetime) -> bool:
        """Forgets what was allowed, and ends every sign-in at that client, begun or to be."""
        async with self._database.transaction() as connection:
            gone = await connection.execute(
                delete(consents)
                .where(consent.user_id == user_id, consent.client_id == client_id)
                .returning(consent.client_id)
            )
            await void_codes(connection, now=now, user_id=user_id, client_id=client_id)
            await connection.execute(
                update(token_families)
                .where(
                    family.user_id == user_id,
                    family.client_id == client_id,
                    family.revoked_at.is_(None),
                )
                .values(revoked_at=now)
            )
            return gone.first() is not None
