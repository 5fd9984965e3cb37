"""Queries about initial access tokens."""

from datetime import datetime

from sqlalchemy import insert, select

from app.database.database import Database
from app.models.initial_access_tokens import InitialAccessToken, initial_access_tokens

token = initial_access_tokens.c


class InitialAccessTokenRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, made: InitialAccessToken) -> None:
        values = {
            column.name: getattr(made, column.name) for column in initial_access_tokens.columns
        }
        await self._database.change(insert(initial_access_tokens).values(values))

    async def is_living(self, digest: bytes, *, now: datetime) -> bool:
        found = await self._database.fetch_one(
            select(token.digest).where(token.digest == digest, token.expires_at > now)
        )
        return found is not None
