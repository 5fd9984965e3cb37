"""Queries about when and from where clients last got tokens for users."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import case, select, union_all

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.accounts.users import users
from app.models.clients.application_uses import ApplicationUse, application_uses
from app.models.clients.client_documents import client_documents
from app.models.clients.clients import clients
from app.repositories.inserts import upsert

use = application_uses.c
BATCH = 500
"""Rows in one statement."""


class ApplicationUseRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def record(self, uses: Sequence[ApplicationUse]) -> None:
        """Store the last use by user and client; a later one that is stored already stays.

        Users and clients that were deleted meanwhile are left out.
        """
        statement = upsert(self._database, application_uses)
        newer = statement.excluded
        is_later = newer.last_used_at > use.last_used_at
        statement = statement.on_conflict_do_update(
            index_elements=[use.user_id, use.client_id],
            set_={
                "last_used_at": case((is_later, newer.last_used_at), else_=use.last_used_at),
                "address": case((is_later, newer.address), else_=use.address),
            },
        )
        # In one order, so that no worker waits for another.
        ordered = sorted(uses, key=lambda each: (each.user_id, each.client_id))
        async with self._database.transaction() as connection:
            for start in range(0, len(ordered), BATCH):
                batch = ordered[start : start + BATCH]
                of_users = select(users.c.user_id).where(
                    users.c.user_id.in_({each.user_id for each in batch})
                )
                client_ids = {each.client_id for each in batch}
                of_clients = union_all(
                    *(
                        select(table.c.client_id).where(table.c.client_id.in_(client_ids))
                        for table in (clients, client_documents)
                    )
                )
                existing_users = set(await connection.scalars(of_users))
                existing_clients = set(await connection.scalars(of_clients))
                rows = [
                    asdict(each)
                    for each in batch
                    if each.user_id in existing_users and each.client_id in existing_clients
                ]
                if rows:
                    await connection.execute(statement, rows)

    async def list_of(self, user_id: str) -> Sequence[ApplicationUse]:
        return await self._database.find_all(
            select(use.user_id, use.client_id, use.last_used_at, use.address).where(
                use.user_id == user_id
            ),
            value=ApplicationUse,
        )
