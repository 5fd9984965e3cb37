"""Queries about clients."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, insert, select, update

from app.database.database import Database
from app.database.errors import ConflictingRowError
from app.models.client_origins import client_origins
from app.models.clients import Client, clients
from app.models.consents import consents

MAXIMUM_HOST = 240


class ClientRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_id = database.lookup(select(clients), key=clients.c.client_id, value=Client)

    async def add(self, client: Client) -> bool:
        """Stores a new client; False where its name is taken."""
        try:
            async with self._database.transaction() as connection:
                await connection.execute(insert(clients).values(_values(client)))
                if origins := _origins(client):
                    await connection.execute(insert(client_origins).values(origins))
        except ConflictingRowError:
            return False
        return True

    async def replace(self, client: Client) -> None:
        """Puts new values in the place of a client's old ones."""
        of_client = clients.c.client_id == client.client_id
        async with self._database.transaction() as connection:
            await connection.execute(update(clients).where(of_client).values(_values(client)))
            await connection.execute(
                delete(client_origins).where(client_origins.c.client_id == client.client_id)
            )
            if origins := _origins(client):
                await connection.execute(insert(client_origins).values(origins))

    async def delete(self, client_id: str) -> None:
        """Deletes a client with what belongs to it alone; a token lives only while it does."""
        async with self._database.transaction() as connection:
            for table in (client_origins, consents, clients):
                await connection.execute(delete(table).where(table.c.client_id == client_id))

    async def mark_used(self, client_id: str) -> None:
        """A client that is used stays."""
        await self._update(client_id, registration_expires_at=None)

    async def find(self, client_id: str) -> Client | None:
        return await self._by_id(client_id)

    async def list_page(self, *, after: str = "", limit: int = 100) -> Sequence[Client]:
        """A page of clients in the order of their identifiers."""
        rows: Sequence[Any] = await self._database.fetch_all(
            select(clients)
            .where(clients.c.client_id > after)
            .order_by(clients.c.client_id)
            .limit(limit)
        )
        return [Client(*row) for row in rows]

    async def set_secret_digest(self, client_id: str, digest: bytes) -> bool:
        """Puts a new secret in the place of the old one, which is worth nothing from now on."""
        return await self._update(client_id, secret_digest=digest)

    async def set_disabled(self, client_id: str, disabled_at: datetime | None) -> bool:
        return await self._update(client_id, disabled_at=disabled_at)

    async def set_trust(self, client_id: str, trust: str) -> bool:
        return await self._update(client_id, trust=trust)

    async def _update(self, client_id: str, **values: object) -> bool:
        changed = await self._database.change(
            update(clients)
            .where(clients.c.client_id == client_id)
            .values(**values)
            .returning(clients.c.client_id)
        )
        return bool(changed)


def _values(client: Client) -> dict[str, Any]:
    return {column.name: getattr(client, column.name) for column in clients.columns}


def _origins(client: Client) -> list[dict[str, str]]:
    """Of its redirect URIs on the web."""
    found = [urlsplit(uri) for uri in client.redirect_uri_list]
    origins = {
        f"{parts.scheme}://{parts.netloc}"
        for parts in found
        if parts.scheme in ("http", "https") and len(parts.netloc) <= MAXIMUM_HOST
    }
    return [{"origin": each, "client_id": client.client_id} for each in sorted(origins)]
