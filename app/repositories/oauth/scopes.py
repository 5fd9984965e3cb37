"""Queries about the catalogue of scopes."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select, update

from app.database.constraints import unique
from app.database.database import Database
from app.database.errors import ConflictingRowError
from app.database.lock_retries import retries_on_lock
from app.models.oauth.scopes import Scope, scopes
from app.models.operations.audit_outbox import NewEvent
from app.repositories.inserts import values_in
from app.repositories.operations.audit_outbox import change_with_event, write_events

scope = scopes.c
NAME = unique(scope.name)


class ScopeRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def add(self, new: Scope, *, event: NewEvent) -> bool:
        """Store a scope; return False if its name is taken."""
        try:
            async with self._database.transaction(NAME) as connection:
                await connection.execute(insert(scopes).values(values_in(scopes, new)))
                await write_events(connection, event)
        except ConflictingRowError:
            return False
        return True

    async def change(self, before: Scope, after: Scope, *, event: NewEvent) -> bool:
        """Replace `before` with `after`; return False if it was changed or deleted meanwhile."""
        statement = (
            update(scopes)
            .where(scope.name == before.name, scope.version == before.version)
            .values({**values_in(scopes, after), "version": before.version + 1})
            .returning(scope.name)
        )
        return bool(await change_with_event(self._database, statement, event))

    async def delete(self, before: Scope, *, event: NewEvent) -> bool:
        """Delete a scope; return False if it was changed or deleted meanwhile."""
        statement = (
            delete(scopes)
            .where(scope.name == before.name, scope.version == before.version)
            .returning(scope.name)
        )
        return bool(await change_with_event(self._database, statement, event))

    async def list_all(self) -> Sequence[Scope]:
        """Return all scopes, by name."""
        return await self._database.find_all(select(scopes).order_by(scope.name), value=Scope)
