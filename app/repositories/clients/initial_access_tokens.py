"""Queries about initial access tokens."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.clients.initial_access_tokens import InitialAccessToken, initial_access_tokens
from app.models.operations.audit_outbox import NewEvent
from app.repositories.inserts import values_in
from app.repositories.operations.audit_outbox import change_with_event, write_events

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

    async def list_page(
        self, *, now: datetime, after: bytes = b"", limit: int = 100
    ) -> Sequence[InitialAccessToken]:
        """Return a page of valid tokens, ordered by digest, beginning after `after`."""
        return await self._database.find_all(
            select(initial_access_tokens)
            .where(token.digest > after, token.expires_at > now)
            .order_by(token.digest)
            .limit(limit),
            value=InitialAccessToken,
        )

    async def find(self, first_digest: bytes, last_digest: bytes) -> InitialAccessToken | None:
        """Return the token whose digest is from the first to the last one, or None."""
        return await self._database.find_one(
            select(initial_access_tokens).where(token.digest.between(first_digest, last_digest)),
            value=InitialAccessToken,
        )

    async def delete(self, digest: bytes, *, event: NewEvent) -> bool:
        """Delete a token; return False if it was deleted meanwhile."""
        statement = (
            delete(initial_access_tokens).where(token.digest == digest).returning(token.digest)
        )
        return bool(await change_with_event(self._database, statement, event))
