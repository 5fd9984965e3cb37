"""Queries about clients."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.constraints import unique
from app.database.database import Database
from app.database.errors import ConflictingRowError
from app.database.lock_retries import retries_on_lock
from app.models.accounts.roles import role_grants, roles
from app.models.clients.application_uses import application_uses
from app.models.clients.client_documents import (
    ClientDocument,
    blocked_client_hosts,
    client_documents,
)
from app.models.clients.client_origins import client_origins
from app.models.clients.client_search import client_search
from app.models.clients.client_usage import client_usage, retired_client_ids
from app.models.clients.clients import Client, clients
from app.models.clients.consents import consents
from app.models.oauth.authorization_types import authorization_type_clients
from app.models.oauth.resources import resource_clients
from app.models.operations.audit_outbox import NewEvent
from app.repositories.clients.client_search import index_new_clients, index_renamed_client
from app.repositories.inserts import upsert, values_in
from app.repositories.operations.audit_outbox import write_events
from app.security.document_urls import is_of_document, stored_client_id
from app.security.origins import registered_origins_of

UNIQUE_NAME = unique(clients.c.unique_name)
CLIENT_ID = unique(clients.c.client_id)
retired = retired_client_ids.c
NOT_COMPARED = frozenset({"registration_expires_at", "version"})
document, blocked = client_documents.c, blocked_client_hosts.c
DOCUMENTS = (
    select(client_documents)
    .select_from(client_documents.outerjoin(blocked_client_hosts, blocked.host == document.host))
    .where(blocked.host.is_(None))
)
"""The documents in force: none of a blocked host."""

Taken = Literal["client_name", "client_id"]
"""What another client has already."""


class _RetiredError(Exception):
    """Roll back the transaction: the id belonged to a client that was deleted."""


class ClientRepository:
    """Clients: those in the table, and those with a metadata document that is stored.

    A registration that expired before its first use is treated as deleted.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._document = database.lookup(DOCUMENTS, key=document.client_id, value=ClientDocument)
        self._by_id = database.lookup(select(clients), key=clients.c.client_id, value=Client)

    @retries_on_lock
    async def add(self, client: Client, *, event: NewEvent) -> Taken | None:
        """Store a new client; return what is taken already, or None if it was stored.

        The id of a client that was deleted is taken forever.
        """
        was_deleted = select(retired.client_id).where(retired.client_id == client.client_id)
        try:
            async with self._database.transaction(UNIQUE_NAME, CLIENT_ID) as connection:
                await connection.execute(insert(clients).values(values_in(clients, client)))
                # after the insert, which waits until a concurrent deletion has committed
                if await connection.scalar(was_deleted) is not None:
                    raise _RetiredError
                if origins := origins_of(client):
                    await connection.execute(insert(client_origins), origins)
                await index_new_clients(connection, {client.client_id: client.client_name})
                await write_events(connection, event)
        except _RetiredError:
            return "client_id"
        except ConflictingRowError as error:
            return "client_id" if error.constraint == CLIENT_ID else "client_name"
        return None

    @retries_on_lock
    async def change(self, before: Client, after: Client, *, event: NewEvent) -> bool:
        """Replace `before` with `after`; return False if it was changed or deleted meanwhile.

        This is a compare-and-set on the whole row, including `trust`. Only the first use of the
        client may happen meanwhile: it clears `registration_expires_at`, which an update neither
        checks nor writes. A change that stored the same values does not count, so `version` is not
        compared.
        """
        old, new = values_in(clients, before), values_in(clients, after)
        unchanged = [
            clients.c.client_id == before.client_id,  # PostgreSQL has no index for those below
            *(
                clients.c[name].is_not_distinct_from(value)
                for name, value in old.items()
                if name not in NOT_COMPARED
            ),
        ]
        changes: dict[str, Any] = {
            name: value for name, value in new.items() if name not in NOT_COMPARED
        }
        changes["version"] = clients.c.version + 1
        async with self._database.transaction() as connection:
            updated = await connection.execute(
                update(clients).where(*unchanged).values(changes).returning(clients.c.client_id)
            )
            if updated.first() is None:
                return False
            await connection.execute(
                delete(client_origins).where(client_origins.c.client_id == before.client_id)
            )
            if origins := origins_of(after):
                await connection.execute(insert(client_origins), origins)
            if after.client_name != before.client_name:
                await index_renamed_client(connection, after.client_id, after.client_name)
            await write_events(connection, event)
        return True

    @retries_on_lock
    async def delete(self, client_id: str, *, now: datetime, event: NewEvent) -> None:
        """Delete a client and what belongs to it; its tokens become invalid, its id stays taken."""
        async with self._database.transaction() as connection:
            await connection.execute(delete(clients).where(clients.c.client_id == client_id))
            await delete_rows_of_clients(connection, [client_id], now=now)
            await write_events(connection, event)

    async def mark_used(self, client_id: str) -> None:
        """Clear the expiry of a registration, because the client has been used."""
        await self._database.change(
            update(clients)
            .where(clients.c.client_id == client_id)
            .values(registration_expires_at=None)
        )

    async def find(self, client_id: str, *, now: datetime) -> Client | None:
        """Return a client, by the identifier that it sends or by the stored form of it."""
        if is_of_document(client_id):
            stored = await self.find_document(client_id)
            return stored.client if stored is not None else None
        return await self.find_registered(client_id, now=now)

    async def find_registered(self, client_id: str, *, now: datetime) -> Client | None:
        """Return a client of this table, which administrators can change."""
        client = await self._by_id(client_id)
        if client is None or client.registration_expires_at is None:
            return client
        return client if client.registration_expires_at > now else None

    async def find_document(self, client_id: str) -> ClientDocument | None:
        """Return the document of a client, even if it is stale; None if its host is blocked."""
        return await self._document(stored_client_id(client_id))

    async def list_page(self, *, after: str = "", limit: int = 100) -> Sequence[Client]:
        """Return a page of registered clients, ordered by `client_id`, beginning after `after`."""
        return await self._database.find_all(
            select(clients)
            .where(clients.c.client_id > after)
            .order_by(clients.c.client_id)
            .limit(limit),
            value=Client,
        )


async def delete_rows_of_clients(
    connection: AsyncConnection, client_ids: Sequence[str], *, now: datetime
) -> None:
    """Delete what belongs to clients that were deleted in the same transaction; retire their ids.

    The rows of the clients go first: nothing is added to a client that is being deleted.
    """
    of_client = select(roles.c.role_id).where(roles.c.client_id.in_(client_ids))
    await connection.execute(delete(role_grants).where(role_grants.c.role_id.in_(of_client)))
    of_clients = (
        roles,
        client_origins,
        client_search,
        consents,
        client_usage,
        application_uses,
        resource_clients,
        authorization_type_clients,
    )
    for table in of_clients:
        await connection.execute(delete(table).where(table.c.client_id.in_(client_ids)))
    if ids := [{"client_id": client_id, "retired_at": now} for client_id in client_ids]:
        await connection.execute(
            upsert(connection, retired_client_ids).values(ids).on_conflict_do_nothing()
        )


def origins_of(client: Client) -> list[dict[str, str]]:
    """Return rows for the web origins of the client's redirect URIs."""
    origins = sorted(set().union(*map(registered_origins_of, client.redirect_uri_list)))
    return [{"origin": origin, "client_id": client.client_id} for origin in origins]
