"""Queries about types of authorization details, with the clients that may request them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.constraints import unique
from app.database.database import Database
from app.database.errors import ConflictingRowError
from app.database.lock_retries import retries_on_lock
from app.models.oauth.authorization_types import (
    AuthorizationType,
    authorization_type_clients,
    authorization_types,
)
from app.models.operations.audit_outbox import NewEvent
from app.repositories.inserts import values_in
from app.repositories.operations.audit_outbox import write_events

row, member = authorization_types.c, authorization_type_clients.c
NAME = unique(row.name)
COLUMNS = tuple(column.name for column in authorization_types.columns)


class AuthorizationTypeRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def add(self, new: AuthorizationType, *, event: NewEvent) -> bool:
        """Store a type; return False if its name is taken."""
        try:
            async with self._database.transaction(NAME) as connection:
                values = values_in(authorization_types, new)
                await connection.execute(insert(authorization_types).values(values))
                await _add_clients(connection, new)
                await write_events(connection, event)
        except ConflictingRowError:
            return False
        return True

    @retries_on_lock
    async def change(
        self, before: AuthorizationType, after: AuthorizationType, *, event: NewEvent
    ) -> bool:
        """Replace `before` with `after`; return False if it was changed or deleted meanwhile."""
        statement = (
            update(authorization_types)
            .where(row.name == before.name, row.version == before.version)
            .values({**values_in(authorization_types, after), "version": before.version + 1})
            .returning(row.name)
        )
        async with self._database.transaction() as connection:
            if (await connection.execute(statement)).first() is None:
                return False
            await _delete_clients(connection, before.name)
            await _add_clients(connection, after)
            await write_events(connection, event)
        return True

    @retries_on_lock
    async def delete(self, before: AuthorizationType, *, event: NewEvent) -> bool:
        """Delete a type; return False if it was changed or deleted meanwhile."""
        statement = (
            delete(authorization_types)
            .where(row.name == before.name, row.version == before.version)
            .returning(row.name)
        )
        async with self._database.transaction() as connection:
            if (await connection.execute(statement)).first() is None:
                return False
            await _delete_clients(connection, before.name)
            await write_events(connection, event)
        return True

    async def list_all(self) -> Sequence[AuthorizationType]:
        """Return all types, by name."""
        rows: Sequence[Any] = await self._database.fetch_all(
            select(authorization_types).order_by(row.name)
        )
        if not rows:
            return []
        clients: defaultdict[str, list[str]] = defaultdict(list)
        members: Sequence[Any] = await self._database.fetch_all(
            select(member.authorization_type, member.client_id)
        )
        for name, client_id in members:
            clients[name].append(client_id)
        return [
            AuthorizationType(
                **dict(zip(COLUMNS, each, strict=True)), clients=frozenset(clients[each.name])
            )
            for each in rows
        ]


async def _add_clients(connection: AsyncConnection, new: AuthorizationType) -> None:
    values = [
        {"authorization_type": new.name, "client_id": client_id}
        for client_id in sorted(new.clients)
    ]
    if values:
        await connection.execute(insert(authorization_type_clients), values)


async def _delete_clients(connection: AsyncConnection, name: str) -> None:
    await connection.execute(
        delete(authorization_type_clients).where(member.authorization_type == name)
    )
