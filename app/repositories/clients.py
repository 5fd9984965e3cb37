"""Queries about clients."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from app.database.database import Database
from app.database.errors import ConflictingRowError
from app.models.clients import Client, clients


class ClientRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_id = database.lookup(select(clients), key=clients.c.client_id, value=Client)

    async def add(self, client: Client) -> bool:
        """Stores a new client; False where its name is taken."""
        values = {column.name: getattr(client, column.name) for column in clients.columns}
        try:
            await self._database.change(insert(clients).values(values))
        except ConflictingRowError:
            return False
        return True

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

    async def _update(self, client_id: str, **values: object) -> bool:
        changed = await self._database.change(
            update(clients)
            .where(clients.c.client_id == client_id)
            .values(**values)
            .returning(clients.c.client_id)
        )
        return bool(changed)
