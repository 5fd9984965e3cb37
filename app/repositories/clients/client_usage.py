"""Queries about when clients last got tokens."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import case, select

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.clients.client_usage import client_usage
from app.models.clients.clients import clients
from app.repositories.inserts import upsert

usage = client_usage.c
BATCH = 500
"""Clients in one statement."""


class ClientUsageRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def record(self, last_tokens: Mapping[str, datetime]) -> None:
        """Store when each client last got a token; a later time that is stored already stays.

        Clients that were deleted meanwhile are left out.
        """
        statement = upsert(self._database, client_usage)
        newer = statement.excluded.last_token_at
        latest = case((newer > usage.last_token_at, newer), else_=usage.last_token_at)
        statement = statement.on_conflict_do_update(
            index_elements=[usage.client_id], set_={"last_token_at": latest}
        )
        client_ids = sorted(last_tokens)  # in one order, so that no worker waits for another
        async with self._database.transaction() as connection:
            for start in range(0, len(client_ids), BATCH):
                existing = select(clients.c.client_id).where(
                    clients.c.client_id.in_(client_ids[start : start + BATCH])
                )
                rows = [
                    {"client_id": client_id, "last_token_at": last_tokens[client_id]}
                    for client_id in sorted(await connection.scalars(existing))
                ]
                if rows:
                    await connection.execute(statement, rows)

    async def last_token_at(self, client_id: str) -> datetime | None:
        row = await self._database.fetch_one(
            select(usage.last_token_at).where(usage.client_id == client_id)
        )
        return row.last_token_at if row is not None else None
