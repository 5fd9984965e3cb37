"""Replay cache: identifiers that can be used once."""

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import select

from app.database.database import Database
from app.database.steps import Outcome
from app.models.operations.audit_outbox import NewEvent
from app.models.operations.replay_cache import replay_cache
from app.repositories.inserts import insert_once, upsert
from app.repositories.operations.audit_outbox import change_with_event

spent = replay_cache.c


class ReplayCacheRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._spend = database.step(
            insert_once(database, replay_cache),
            outcome=Outcome(select(spent.spent_by), spent.digest, bound_as="digest"),
            order="digest",
        )

    async def spend(self, identifier: str, *, expires_at: datetime) -> bool:
        """Return True on the first use of the identifier before it expires, on any worker."""
        caller_id = secrets.token_bytes(16)
        row = await self._spend(
            digest=_digest_of(identifier), spent_by=caller_id, expires_at=expires_at
        )
        return row is not None and row[0] == caller_id

    async def spend_with_event(
        self, identifier: str, *, expires_at: datetime, event: NewEvent
    ) -> bool:
        """Like `spend`; the event is written only on the first use."""
        statement = (
            upsert(self._database, replay_cache)
            .values(
                digest=_digest_of(identifier),
                spent_by=secrets.token_bytes(16),
                expires_at=expires_at,
            )
            .on_conflict_do_nothing()
            .returning(spent.digest)
        )
        return bool(await change_with_event(self._database, statement, event))


def _digest_of(identifier: str) -> bytes:
    return hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).digest()
