"""Storing many clients at once, all or none."""

from collections.abc import Sequence

from sqlalchemy import insert, select

from app.database.database import Database
from app.database.errors import ConflictingRowError
from app.database.lock_retries import retries_on_lock
from app.models.clients.client_origins import client_origins
from app.models.clients.client_usage import retired_client_ids
from app.models.clients.clients import Client, clients
from app.models.operations.audit_outbox import NewEvent
from app.repositories.clients.client_search import index_new_clients
from app.repositories.clients.clients import CLIENT_ID, origins_of
from app.repositories.inserts import values_in
from app.repositories.operations.audit_outbox import write_events


class ClientImportRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def is_retired(self, client_id: str) -> bool:
        """Return whether a client with this id was deleted: the id is taken forever."""
        return await self._database.exists(
            select(retired_client_ids.c.client_id).where(
                retired_client_ids.c.client_id == client_id
            )
        )

    @retries_on_lock
    async def add_all(self, new_clients: Sequence[Client], *, events: Sequence[NewEvent]) -> bool:
        """Store clients; store none and return False if an id is taken."""
        try:
            async with self._database.transaction(CLIENT_ID) as connection:
                await connection.execute(
                    insert(clients), [values_in(clients, client) for client in new_clients]
                )
                if origins := [row for client in new_clients for row in origins_of(client)]:
                    await connection.execute(insert(client_origins), origins)
                await index_new_clients(
                    connection, {client.client_id: client.client_name for client in new_clients}
                )
                await write_events(connection, *events)
        except ConflictingRowError:
            return False
        return True
