"""Replay cache: identifiers that can be used once.

Where a use is stored together with what the caller gets for it, that step begins with `spending`
and goes on only if `IS_SPENT_BY_CALLER`; in a claim, `SPENDING` does both. Its values are those of
`values_of_use`.
"""

import hashlib
import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Insert, and_, select

from app.database.claims import Guard
from app.database.database import Database
from app.database.steps import Outcome
from app.models.operations.audit_outbox import NewEvent
from app.models.operations.replay_cache import SingleUse, replay_cache
from app.repositories.inserts import insert_once, upsert, value_of
from app.repositories.operations.audit_outbox import change_with_event

spent = replay_cache.c

SPENDING = Guard(
    key=(spent.digest, "use_digest"),
    owner=(spent.spent_by, "spent_by"),
    values={
        spent.digest: "use_digest",
        spent.spent_by: "spent_by",
        spent.expires_at: "use_expires_at",
    },
)
"""What a claim begins with if it also uses an identifier."""
IS_SPENT_BY_CALLER = and_(
    spent.digest == value_of("use_digest", spent.digest),
    spent.spent_by == value_of("spent_by", spent.spent_by),
)
SPENT_BY = Outcome(select(spent.spent_by), spent.digest, bound_as="use_digest")


def spending(database: Database) -> Insert:
    """Return the first statement of a step that also uses an identifier."""
    return insert_once(database, replay_cache, digest="use_digest", expires_at="use_expires_at")


def values_of_use(use: SingleUse) -> dict[str, Any]:
    return {
        "use_digest": use.digest,
        "spent_by": use.spent_by,
        "use_expires_at": use.expires_at,
    }


class ReplayCacheRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._spend = database.step(spending(database), outcome=SPENT_BY, order="use_digest")

    async def spend(self, identifier: str, *, expires_at: datetime) -> bool:
        """Return True on the first use of the identifier before it expires, on any worker."""
        return await self.spend_use(
            SingleUse(_digest_of(identifier), secrets.token_bytes(16), expires_at)
        )

    async def spend_use(self, use: SingleUse) -> bool:
        """Return True on the first use, and on each repetition of it by the same caller."""
        row = await self._spend(**values_of_use(use))
        return row is not None and row[0] == use.spent_by

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
