"""Removal of what nobody can use any more, in bounded batches, and the lease to do it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, Table, delete, exists, or_, select

from app.database.database import Database
from app.models.access_tokens import access_tokens
from app.models.leases import leases
from app.models.refresh_tokens import refresh_tokens
from app.models.spent_identifiers import spent_identifiers
from app.models.token_families import token_families
from app.repositories.inserts import upsert


class HousekeepingRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def take_lease(
        self, name: str, holder: str, *, now: datetime, expires_at: datetime
    ) -> bool:
        """Gives `holder` the lease, or prolongs it; False while somebody else has it."""
        statement = upsert(self._database, leases).values(
            name=name, holder=holder, expires_at=expires_at
        )
        taken = await self._database.change(
            statement.on_conflict_do_update(
                index_elements=[leases.c.name],
                set_={"holder": holder, "expires_at": expires_at},
                where=or_(leases.c.holder == holder, leases.c.expires_at < now),
            ).returning(leases.c.name)
        )
        return bool(taken)

    async def delete_expired_access_tokens(self, *, before: datetime, limit: int) -> int:
        """Deletes at most `limit` tokens; gives how many."""
        return await self._delete(
            access_tokens,
            select(access_tokens.c.digest).where(access_tokens.c.expires_at < before).limit(limit),
        )

    async def delete_refresh_tokens_of_expired_families(
        self, *, before: datetime, limit: int
    ) -> int:
        """Deletes at most `limit` tokens whose family is past its absolute lifetime."""
        return await self._delete(
            refresh_tokens,
            select(refresh_tokens.c.digest)
            .join(token_families, token_families.c.family_id == refresh_tokens.c.family_id)
            .where(token_families.c.expires_at < before)
            .limit(limit),
        )

    async def delete_expired_families(self, *, before: datetime, limit: int) -> int:
        """Deletes at most `limit` families that have no token left."""
        has_tokens = exists().where(refresh_tokens.c.family_id == token_families.c.family_id)
        return await self._delete(
            token_families,
            select(token_families.c.family_id)
            .where(token_families.c.expires_at < before, ~has_tokens)
            .limit(limit),
        )

    async def delete_spent_identifiers(self, *, before: datetime, limit: int) -> int:
        """Deletes at most `limit` whose JWT has expired, so that it is refused for that."""
        spent = spent_identifiers.c
        return await self._delete(
            spent_identifiers, select(spent.digest).where(spent.expires_at < before).limit(limit)
        )

    async def _delete(self, table: Table, keys: Select[Any]) -> int:
        key = next(iter(table.primary_key.columns))
        gone = await self._database.change(delete(table).where(key.in_(keys)).returning(key))
        return len(gone)
