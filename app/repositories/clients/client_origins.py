"""Queries about the web origins of clients."""

from sqlalchemy import select

from app.database.database import Database
from app.models.clients.client_origins import client_origins


class ClientOriginRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def is_known(self, *origins: str) -> bool:
        """Return whether any client registered one of these origins."""
        return await self._database.exists(
            select(client_origins.c.origin).where(client_origins.c.origin.in_(origins)).limit(1)
        )
