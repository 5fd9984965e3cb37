"""Queries about initial access tokens."""

from datetime import datetime

from sqlalchemy import insert, select

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.clients.initial_access_tokens import InitialAccessToken, initial_access_tokens
from app.models.operations.audit_outbox import NewEvent
from app.repositories.inserts import values_in
from app.repositories.operations.audit_outbox import write_events

token = initial_access_tokens.c


class InitialAccessTokenRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def add(self, made: InitialAccessToken, *, event: NewEvent) -> None:
        async with self._database.transaction() as connection:
            await connection.execute(
                insert(initial_access_tokens).values(values_in(initial_access_tokens, made))
            )
            await write_events(connection, event)

    async def is_active(self, digest: bytes, *, now: datetime) -> bool:
        return await self._database.exists(
            select(token.digest).where(token.digest == digest, token.expires_at > now)
        )
