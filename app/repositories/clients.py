"""Queries about clients."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update

from app.clock import Clock
from app.database.constraints import unique
from app.database.database import Database
from app.database.errors import ConflictingRowError
from app.database.turns import gives_way
from app.models.audit_outbox import NewEvent
from app.models.client_origins import client_origins
from app.models.clients import Client, clients
from app.models.consents import consents
from app.repositories.audit_outbox import change_with_event, write_events
from app.repositories.inserts import values_in
from app.security.origins import registered_origins_of

UNIQUE_NAME = unique(clients.c.unique_name)
NOT_COMPARED = frozenset({"registration_expires_at"})


class ClientRepository:
    """A registration that expired unused is as if it had been deleted."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._by_id = database.lookup(select(clients), key=clients.c.client_id, value=Client)

    @gives_way
    async def add(self, client: Client, *, event: NewEvent) -> bool:
        """Stores a new client; False where its name is taken."""
        try:
            async with self._database.transaction(UNIQUE_NAME) as connection:
                await connection.execute(insert(clients).values(values_in(clients, client)))
                if origins := _origins(client):
                    await connection.execute(insert(client_origins).values(origins))
                await write_events(connection, event)
        except ConflictingRowError:
            return False
        return True

    @gives_way
    async def change(self, before: Client, after: Client, *, event: NewEvent) -> bool:
        """Replace a client that is still what it was; False where it was changed or deleted.

        Compare-and-set on the whole row, trust included. Only the first use may happen meanwhile:
        it ends the expiry, which an update neither checks nor writes.
        """
        old, new = values_in(clients, before), values_in(clients, after)
        unchanged = [
            clients.c.client_id == before.client_id,  # PostgreSQL has no index for the rest
            *(
                clients.c[name].is_not_distinct_from(value)
                for name, value in old.items()
                if name not in NOT_COMPARED
            ),
        ]
        changes = {name: value for name, value in new.items() if name not in NOT_COMPARED}
        async with self._database.transaction() as connection:
            found = await connection.execute(
                update(clients).where(*unchanged).values(changes).returning(clients.c.client_id)
            )
            if found.first() is None:
                return False
            await connection.execute(
                delete(client_origins).where(client_origins.c.client_id == before.client_id)
            )
            if origins := _origins(after):
                await connection.execute(insert(client_origins).values(origins))
            await write_events(connection, event)
        return True

    @gives_way
    async def delete(self, client_id: str, *, event: NewEvent) -> None:
        """Deletes a client with what belongs to it alone; a token lives only while it does."""
        async with self._database.transaction() as connection:
            for table in (client_origins, consents, clients):
                await connection.execute(delete(table).where(table.c.client_id == client_id))
            await write_events(connection, event)

    async def mark_used(self, client_id: str) -> None:
        """A client that is used stays."""
        await self._update(client_id, None, registration_expires_at=None)

    async def find(self, client_id: str) -> Client | None:
        client = await self._by_id(client_id)
        if client is None or client.registration_expires_at is None:
            return client
        return client if client.registration_expires_at > self._clock.now() else None

    async def list_page(self, *, after: str = "", limit: int = 100) -> Sequence[Client]:
        """A page of clients in the order of their identifiers."""
        rows: Sequence[Any] = await self._database.fetch_all(
            select(clients)
            .where(clients.c.client_id > after)
            .order_by(clients.c.client_id)
            .limit(limit)
        )
        return [Client(*row) for row in rows]

    async def replace_secret_digest(
        self, client_id: str, digest: bytes, *, event: NewEvent
    ) -> bool:
        """Replace the secret, which is invalid from now on; False where the client has none."""
        return await self._update(
            client_id, event, clients.c.secret_digest.is_not(None), secret_digest=digest
        )

    async def set_disabled(
        self, client_id: str, disabled_at: datetime | None, *, event: NewEvent
    ) -> bool:
        return await self._update(client_id, event, disabled_at=disabled_at)

    async def set_trust(self, client_id: str, trust: str, *, event: NewEvent) -> bool:
        return await self._update(client_id, event, trust=trust)

    async def _update(
        self,
        client_id: str,
        event: NewEvent | None,
        *conditions: ColumnElement[bool],
        **values: object,
    ) -> bool:
        statement = (
            update(clients)
            .where(clients.c.client_id == client_id, *conditions)
            .values(**values)
            .returning(clients.c.client_id)
        )
        return bool(await change_with_event(self._database, statement, event))


def _origins(client: Client) -> list[dict[str, str]]:
    """Of its redirect URIs on the web."""
    origins = sorted(set().union(*map(registered_origins_of, client.redirect_uri_list)))
    return [{"origin": origin, "client_id": client.client_id} for origin in origins]
