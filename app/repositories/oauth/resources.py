"""Queries about resources, with their identifiers, scopes and clients."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.constraints import unique
from app.database.database import Database
from app.database.errors import ConflictingRowError
from app.database.lock_retries import retries_on_lock
from app.models.clients.clients import clients
from app.models.oauth.resources import (
    Resource,
    ResourceScope,
    resource_clients,
    resource_identifiers,
    resource_scopes,
    resources,
)
from app.models.operations.audit_outbox import NewEvent
from app.repositories.operations.audit_outbox import write_events
from app.security.resource_identifiers import key_of

resource, identifier, scope, member = (
    resources.c,
    resource_identifiers.c,
    resource_scopes.c,
    resource_clients.c,
)
NAME = unique(resource.name)
IDENTIFIERS = (unique(resource.identifier), unique(identifier.identifier))
COLUMNS = tuple(column.name for column in resources.columns)
PARTS = (resource_identifiers, resource_scopes, resource_clients)

Changed = Literal["changed", "stale", "taken"]
Deleted = Literal["deleted", "stale", "is_default"]


class ResourceRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def add(self, new: Resource, *, event: NewEvent) -> Literal["name", "identifier"] | None:
        """Store a resource; return what is taken, or None if it was stored."""
        try:
            async with self._database.transaction(NAME, *IDENTIFIERS) as connection:
                await connection.execute(insert(resources).values(_columns_of(new)))
                await _add_parts(connection, new)
                await write_events(connection, event)
        except ConflictingRowError as error:
            return "name" if error.constraint == NAME else "identifier"
        return None

    @retries_on_lock
    async def change(self, before: Resource, after: Resource, *, event: NewEvent) -> Changed:
        """Replace `before` with `after`, unless it was changed or deleted meanwhile, or another
        resource has one of its aliases."""
        statement = (
            update(resources)
            .where(resource.name == before.name, resource.version == before.version)
            .values({**_columns_of(after), "version": before.version + 1})
            .returning(resource.name)
        )
        try:
            async with self._database.transaction(*IDENTIFIERS) as connection:
                if (await connection.execute(statement)).first() is None:
                    return "stale"
                await _delete_parts(connection, before.name)
                await _add_parts(connection, after)
                await write_events(connection, event)
        except ConflictingRowError:
            return "taken"
        return "changed"

    @retries_on_lock
    async def delete(self, before: Resource, *, event: NewEvent) -> Deleted:
        """Delete a resource, unless it was changed meanwhile or is the default of a client."""
        statement = (
            delete(resources)
            .where(resource.name == before.name, resource.version == before.version)
            .returning(resource.name)
        )
        is_default = select(clients.c.client_id).where(clients.c.default_resource == before.name)
        async with self._database.transaction() as connection:
            if (await connection.execute(is_default.limit(1))).first() is not None:
                return "is_default"
            if (await connection.execute(statement)).first() is None:
                return "stale"
            await _delete_parts(connection, before.name)
            await write_events(connection, event)
        return "deleted"

    async def list_all(self) -> Sequence[Resource]:
        """Return all resources, by name."""
        rows: Sequence[Any] = await self._database.fetch_all(
            select(resources).order_by(resource.name)
        )
        if not rows:
            return []
        keys = await self._by_resource(identifier.resource, identifier.identifier)
        scopes = await self._by_resource(
            scope.resource,
            scope.name,
            scope.description,
            scope.translations,
            scope.is_default,
            scope.implies,
        )
        members = await self._by_resource(
            member.resource, member.client_id, member.may_request, member.is_server
        )
        return [
            Resource(
                **dict(zip(COLUMNS, row, strict=True)),
                aliases=frozenset(key for (key,) in keys[row.name]) - {key_of(row.identifier)},
                scopes=tuple(ResourceScope(*each) for each in scopes[row.name]),
                requesters=frozenset(name for name, requests, _ in members[row.name] if requests),
                servers=frozenset(name for name, _, serves in members[row.name] if serves),
            )
            for row in rows
        ]

    async def _by_resource(self, name: Any, *columns: Any) -> defaultdict[str, list[Any]]:
        """Return rows of a part by the name of their resource, ordered by their first column."""
        found: defaultdict[str, list[Any]] = defaultdict(list)
        for row in await self._database.fetch_all(
            select(name, *columns).order_by(name, columns[0])
        ):
            found[row[0]].append(tuple(row[1:]))
        return found


def _columns_of(row: Resource) -> dict[str, Any]:
    return {name: getattr(row, name) for name in COLUMNS}


async def _add_parts(connection: AsyncConnection, new: Resource) -> None:
    of_resource = {"resource": new.name}
    keys = sorted({key_of(new.identifier), *new.aliases})
    members = sorted({*new.requesters, *new.servers})
    rows: dict[Table, list[dict[str, Any]]] = {
        resource_identifiers: [{**of_resource, "identifier": key} for key in keys],
        resource_scopes: [
            {
                **of_resource,
                "name": each.name,
                "description": each.description,
                "translations": each.translations,
                "is_default": each.is_default,
                "implies": each.implies,
            }
            for each in new.scopes
        ],
        resource_clients: [
            {
                **of_resource,
                "client_id": client_id,
                "may_request": client_id in new.requesters,
                "is_server": client_id in new.servers,
            }
            for client_id in members
        ],
    }
    for table, values in rows.items():
        if values:
            await connection.execute(insert(table), values)


async def _delete_parts(connection: AsyncConnection, name: str) -> None:
    for table in PARTS:
        await connection.execute(delete(table).where(table.c.resource == name))
