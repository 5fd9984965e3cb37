"""Queries about roles."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select, tuple_, update

from app.database.constraints import unique
from app.database.database import Database
from app.database.errors import ConflictingRowError
from app.database.lock_retries import retries_on_lock
from app.models.accounts.roles import GLOBAL, Role, role_grants, roles
from app.models.clients.clients import clients
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.groups import Changed
from app.repositories.inserts import values_in
from app.repositories.operations.audit_outbox import write_events

role = roles.c
NAME = unique(role.client_id, role.name)


class RoleRepository:
    """Roles. The reserved ones are never changed or deleted; that is a rule of the service."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def add(self, new: Role, *, event: NewEvent) -> bool | None:
        """Store a role; return False if its name is taken, and None if its client is unknown."""
        is_client = clients.c.client_id == new.client_id
        try:
            async with self._database.transaction(NAME) as connection:
                if new.client_id != GLOBAL and not await connection.scalar(
                    select(clients.c.client_id).where(is_client).with_for_update(read=True)
                ):
                    return None
                await connection.execute(insert(roles).values(values_in(roles, new)))
                await write_events(connection, event)
        except ConflictingRowError:
            return False
        return True

    @retries_on_lock
    async def change(self, before: Role, after: Role, *, event: NewEvent) -> Changed:
        """Replace `before` with `after`, unless it was changed or deleted meanwhile."""
        statement = (
            update(roles)
            .where(role.role_id == before.role_id, role.version == before.version)
            .values({**values_in(roles, after), "version": before.version + 1})
            .returning(role.role_id)
        )
        try:
            async with self._database.transaction(NAME) as connection:
                if (await connection.execute(statement)).first() is None:
                    return "stale"
                await write_events(connection, event)
        except ConflictingRowError:
            return "taken"
        return "changed"

    @retries_on_lock
    async def delete(self, before: Role, *, event: NewEvent) -> bool:
        """Delete a role with its grants; return False if it was changed or deleted meanwhile."""
        statement = (
            delete(roles)
            .where(role.role_id == before.role_id, role.version == before.version)
            .returning(role.role_id)
        )
        async with self._database.transaction() as connection:
            if (await connection.execute(statement)).first() is None:
                return False
            await connection.execute(
                delete(role_grants).where(role_grants.c.role_id == before.role_id)
            )
            await write_events(connection, event)
        return True

    async def find(self, role_id: str) -> Role | None:
        return await self._database.find_one(
            select(roles).where(role.role_id == role_id), value=Role
        )

    async def find_by_name(self, name: str, *, client_id: str) -> Role | None:
        return await self._database.find_one(
            select(roles).where(role.client_id == client_id, role.name == name), value=Role
        )

    async def list_page(
        self, *, after_client: str = GLOBAL, after_name: str = "", limit: int = 100
    ) -> Sequence[Role]:
        """Return a page of roles, ordered by `client_id` and name, beginning after this pair."""
        return await self._database.find_all(
            select(roles)
            .where(tuple_(role.client_id, role.name) > tuple_(after_client, after_name))
            .order_by(role.client_id, role.name)
            .limit(limit),
            value=Role,
        )
