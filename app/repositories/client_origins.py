"""Queries about the origins of clients' applications in browsers."""

from sqlalchemy import select

from app.database.database import Database
from app.models.client_origins import client_origins


class ClientOriginRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def is_known(self, origin: str) -> bool:
        found = await self._database.fetch_one(
            select(client_origins.c.origin).where(client_origins.c.origin == origin).limit(1)
        )
        return found is not None
