"""Queries about trusted issuers."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select, update

from app.database.constraints import unique
from app.database.database import Database
from app.database.errors import ConflictingRowError
from app.database.lock_retries import retries_on_lock
from app.models.oauth.trusted_issuers import TrustedIssuer, trusted_issuers
from app.models.operations.audit_outbox import NewEvent
from app.repositories.inserts import values_in
from app.repositories.operations.audit_outbox import change_with_event, write_events

row = trusted_issuers.c
NAME = unique(row.name)


class TrustedIssuerRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def add(self, new: TrustedIssuer, *, event: NewEvent) -> bool:
        """Store a trusted issuer; return False if its name is taken."""
        try:
            async with self._database.transaction(NAME) as connection:
                await connection.execute(
                    insert(trusted_issuers).values(values_in(trusted_issuers, new))
                )
                await write_events(connection, event)
        except ConflictingRowError:
            return False
        return True

    async def change(self, before: TrustedIssuer, after: TrustedIssuer, *, event: NewEvent) -> bool:
        """Replace `before` with `after`; return False if it was changed or deleted meanwhile."""
        statement = (
            update(trusted_issuers)
            .where(row.name == before.name, row.version == before.version)
            .values({**values_in(trusted_issuers, after), "version": before.version + 1})
            .returning(row.name)
        )
        return bool(await change_with_event(self._database, statement, event))

    async def delete(self, before: TrustedIssuer, *, event: NewEvent) -> bool:
        """Delete a trusted issuer; return False if it was changed or deleted meanwhile."""
        statement = (
            delete(trusted_issuers)
            .where(row.name == before.name, row.version == before.version)
            .returning(row.name)
        )
        return bool(await change_with_event(self._database, statement, event))

    async def find(self, name: str) -> TrustedIssuer | None:
        return await self._database.find_one(
            select(trusted_issuers).where(row.name == name), value=TrustedIssuer
        )

    async def list_all(self) -> Sequence[TrustedIssuer]:
        """Return all trusted issuers, by name."""
        return await self._database.find_all(
            select(trusted_issuers).order_by(row.name), value=TrustedIssuer
        )

    async def list_of(self, issuer: str) -> Sequence[TrustedIssuer]:
        """Return the rows of one issuer, by name."""
        return await self._database.find_all(
            select(trusted_issuers).where(row.issuer == issuer).order_by(row.name),
            value=TrustedIssuer,
        )
