"""Queries about recovery codes."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Select, delete, func, insert, select, update

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.accounts.users import User, users
from app.models.factors.recovery_codes import recovery_codes
from app.models.operations.audit_outbox import NewEvent
from app.repositories.operations.audit_outbox import write_events

recovery_code = recovery_codes.c


class RecoveryCodeRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def replace(
        self, user: User, digests: Sequence[bytes], *, now: datetime, event: NewEvent
    ) -> bool:
        """Replace the user's recovery codes.

        Return False if the user's credentials changed since `user` was read. The row of the user is
        locked, so that after two concurrent requests only the codes of one remain.
        """
        is_same = users.c.credentials_version == user.credentials_version
        owner = select(users.c.user_id).where(users.c.user_id == user.user_id, is_same)
        rows = [
            {"digest": digest, "user_id": user.user_id, "created_at": now, "used_at": None}
            for digest in digests
        ]
        async with self._database.transaction() as connection:
            if (await connection.execute(owner.with_for_update())).first() is None:
                return False
            await connection.execute(
                delete(recovery_codes).where(recovery_code.user_id == user.user_id)
            )
            await connection.execute(insert(recovery_codes), rows)
            await write_events(connection, event)
        return True

    async def is_unused(self, user_id: str, digest: bytes) -> bool:
        return await self._database.exists(
            select(recovery_code.digest).where(
                recovery_code.digest == digest,
                recovery_code.user_id == user_id,
                recovery_code.used_at.is_(None),
            )
        )

    @retries_on_lock
    async def use(
        self, user_id: str, digest: bytes, *, now: datetime, event_of: Callable[[int], NewEvent]
    ) -> int | None:
        """Consume a code and return how many remain, or None if it is unknown or already used.

        `event_of` builds the audit event from the number that remain. Finding and consuming are one
        statement, so of two requests with the same code only one succeeds.
        """
        statement = (
            update(recovery_codes)
            .where(
                recovery_code.digest == digest,
                recovery_code.user_id == user_id,
                recovery_code.used_at.is_(None),
            )
            .values(used_at=now)
            .returning(recovery_code.digest)
        )
        async with self._database.transaction() as connection:
            if (await connection.execute(statement)).first() is None:
                return None
            remaining = int(await connection.scalar(_unused(user_id)) or 0)
            await write_events(connection, event_of(remaining))
        return remaining

    async def count_unused(self, user_id: str) -> int:
        return await self._database.count(_unused(user_id))


def _unused(user_id: str) -> Select[int]:
    return select(func.count()).where(
        recovery_code.user_id == user_id, recovery_code.used_at.is_(None)
    )
