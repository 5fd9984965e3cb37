"""Removal of ended refresh tokens and token families, in bounded batches.

Account deletion may lock the same rows concurrently, so a batch skips locked rows and leaves them
to the next batch.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Table, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.database import Database
from app.models.factors.used_codes import used_codes
from app.models.oauth.access_tokens import access_tokens
from app.models.oauth.refresh_tokens import refresh_tokens
from app.models.oauth.token_families import token_families
from app.models.oauth.used_refresh_tokens import used_refresh_tokens
from app.repositories.inserts import upsert

if TYPE_CHECKING:
    from app.repositories.operations.housekeeping import Deletion

access, family, token = access_tokens.c, token_families.c, refresh_tokens.c
OF_A_FAMILY = (refresh_tokens, used_refresh_tokens)


class EndedTokenRepository:
    """Ended tokens and families.

    `access_lifetime` is the lifetime of access tokens: a family is kept as long as its last access
    token is valid.
    """

    def __init__(self, database: Database, *, access_lifetime: timedelta) -> None:
        self._database = database
        self._access_lifetime = access_lifetime

    def deletions(self) -> Sequence["Deletion"]:
        """Return the deletions in the order to run: each handles what the earlier ones leave."""
        return (
            self.retire_refresh_tokens,
            partial(self._delete_families, family.revoked_at),
            partial(self._delete_families, family.expires_at),
            self.delete_revoked_access_tokens,
        )

    async def retire_refresh_tokens(self, *, before: datetime, limit: int) -> int:
        """Reduce used tokens to their digests, and revoke the families of idle tokens.

        A token that is idle is the newest of its family.
        """
        is_over = or_(token.used_at.is_not(None), token.issued_at < before - self._access_lifetime)
        ended = (
            select(token.digest, token.family_id, token.used_at)
            .where(token.expires_at < before, is_over)
            .order_by(token.expires_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self._database.transaction() as connection:
            rows = (await connection.execute(ended)).all()
            used = [
                {"digest": row.digest, "family_id": row.family_id}
                for row in rows
                if row.used_at is not None
            ]
            idle = [row.family_id for row in rows if row.used_at is None]
            if used:
                insert = upsert(self._database, used_refresh_tokens).on_conflict_do_nothing()
                await connection.execute(insert, used)
            if idle:
                await connection.execute(
                    update(token_families)
                    .where(family.family_id.in_(idle), family.revoked_at.is_(None))
                    .values(revoked_at=before)
                )
            await connection.execute(
                delete(refresh_tokens).where(token.digest.in_([row.digest for row in rows]))
            )
        return len(rows)

    async def delete_revoked_access_tokens(self, *, before: datetime, limit: int) -> int:
        digests = select(access.digest).where(access.revoked_at <= before).limit(limit)
        rows = await self._database.change(
            delete(access_tokens).where(access.digest.in_(digests)).returning(access.digest)
        )
        return len(rows)

    async def _delete_families(
        self, ended_at: ColumnElement[datetime], *, before: datetime, limit: int
    ) -> int:
        """Delete families with their tokens and the codes they were created from.

        Return the number of families, or `limit` if their tokens alone filled the batch.
        """
        ended = (
            select(family.family_id)
            .where(ended_at <= before)
            .order_by(ended_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self._database.transaction() as connection:
            family_ids = (await connection.scalars(ended)).all()
            for table in OF_A_FAMILY:
                if await _delete_tokens(connection, table, family_ids, limit=limit) == limit:
                    return limit
            result = await connection.scalars(
                delete(token_families)
                .where(
                    family.family_id.in_(family_ids),
                    *(~exists().where(t.c.family_id == family.family_id) for t in OF_A_FAMILY),
                )
                .returning(family.family_id)
            )
            deleted = result.all()
            await connection.execute(delete(used_codes).where(used_codes.c.family_id.in_(deleted)))
        return len(deleted)


async def _delete_tokens(
    connection: AsyncConnection, table: Table, family_ids: Sequence[str], *, limit: int
) -> int:
    digests_to_delete = (
        select(table.c.digest)
        .where(table.c.family_id.in_(family_ids))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    digests = (await connection.scalars(digests_to_delete)).all()
    await connection.execute(delete(table).where(table.c.digest.in_(digests)))
    return len(digests)
