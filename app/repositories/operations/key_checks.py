"""Queries about the check value of SECRET_KEY."""

from sqlalchemy import select, update

from app.database.database import Database
from app.models.operations.key_checks import key_checks
from app.repositories.inserts import upsert

NAME = "SECRET_KEY"


class KeyCheckRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self) -> bytes | None:
        return await self._database.find_one(
            select(key_checks.c.value).where(key_checks.c.name == NAME), value=bytes
        )

    async def add_once(self, value: bytes) -> None:
        """Store the value, unless another server has already stored one."""
        await self._database.change(
            upsert(self._database, key_checks)
            .values(name=NAME, value=value)
            .on_conflict_do_nothing()
        )

    async def replace(self, old: bytes, new: bytes) -> None:
        """Replace `old` with `new`, unless another server has replaced it meanwhile."""
        await self._database.change(
            update(key_checks)
            .where(key_checks.c.name == NAME, key_checks.c.value == old)
            .values(value=new)
        )
