"""Queries about recovery codes."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update

from app.database.database import Database
from app.models.recovery_codes import recovery_codes
from app.models.users import User, users

recovery_code = recovery_codes.c


class RecoveryCodeRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def replace(self, user: User, digests: Sequence[bytes], *, now: datetime) -> bool:
        """Puts new codes in the place of the old ones.

        False where the person got other credentials since `user` was read. His row is locked, so
        that of two requests at once the codes of one are left.
        """
        is_same = users.c.credentials_version == user.credentials_version
        owner = select(users.c.user_id).where(users.c.user_id == user.user_id, is_same)
        made = [
            {"digest": digest, "user_id": user.user_id, "created_at": now, "used_at": None}
            for digest in digests
        ]
        async with self._database.transaction() as connection:
            if (await connection.execute(owner.with_for_update())).first() is None:
                return False
            await connection.execute(
                delete(recovery_codes).where(recovery_code.user_id == user.user_id)
            )
            await connection.execute(insert(recovery_codes), made)
        return True

    async def is_unused(self, user_id: str, digest: bytes) -> bool:
        found = await self._database.fetch_one(
            select(recovery_code.digest).where(
                recovery_code.digest == digest,
                recovery_code.user_id == user_id,
                recovery_code.used_at.is_(None),
            )
        )
        return found is not None

    async def use(self, user_id: str, digest: bytes, *, now: datetime) -> bool:
        """Takes a code out of use; False where it is unknown or was used.

        Finding and using are one statement, so of two requests with the same code one wins.
        """
        used = await self._database.change(
            update(recovery_codes)
            .where(
                recovery_code.digest == digest,
                recovery_code.user_id == user_id,
                recovery_code.used_at.is_(None),
            )
            .values(used_at=now)
            .returning(recovery_code.digest)
        )
        return bool(used)

    async def count_unused(self, user_id: str) -> int:
        row = await self._database.fetch_one(
            select(func.count()).where(
                recovery_code.user_id == user_id, recovery_code.used_at.is_(None)
            )
        )
        return int(row[0]) if row is not None else 0
