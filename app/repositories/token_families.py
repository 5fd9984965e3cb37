"""Queries about families of tokens: revoking one revokes every token in it."""

from datetime import datetime

from sqlalchemy import update

from app.database.database import Database
from app.models.token_families import token_families

family = token_families.c


class TokenFamilyRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def revoke(self, family_id: str, *, now: datetime) -> None:
        await self._database.change(
            update(token_families)
            .where(family.family_id == family_id, family.revoked_at.is_(None))
            .values(revoked_at=now)
        )

    async def revoke_of_user(self, user_id: str, *, now: datetime) -> None:
        await self._database.change(
            update(token_families)
            .where(family.user_id == user_id, family.revoked_at.is_(None))
            .values(revoked_at=now)
        )
