"""Removal of what nobody can use any more, in bounded batches, and the lease to do it."""

from collections.abc import Awaitable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from sqlalchemy import Select, Table, delete, exists, or_, select

from app.database.database import Database
from app.models.access_tokens import access_tokens
from app.models.authorization_codes import authorization_codes
from app.models.authorization_requests import authorization_requests
from app.models.client_origins import client_origins
from app.models.clients import clients
from app.models.consents import consents
from app.models.device_codes import device_codes
from app.models.initial_access_tokens import initial_access_tokens
from app.models.known_addresses import known_addresses
from app.models.leases import leases
from app.models.limit_counters import limit_counters
from app.models.mails import mails
from app.models.one_time_links import one_time_links
from app.models.refresh_tokens import refresh_tokens
from app.models.remembered_browsers import remembered_browsers
from app.models.sessions import sessions
from app.models.spent_identifiers import spent_identifiers
from app.models.token_families import token_families
from app.models.used_codes import used_codes
from app.repositories.inserts import upsert

MAILS_ARE_KEPT = timedelta(days=2)

EXPIRING = (
    authorization_codes,
    authorization_requests,
    device_codes,
    sessions,
    spent_identifiers,
    initial_access_tokens,
    limit_counters,
    known_addresses,
    remembered_browsers,
    one_time_links,
)
"""Tables of rows that are worth nothing once they have expired."""


class Deletion(Protocol):
    def __call__(self, *, before: datetime, limit: int) -> Awaitable[int]: ...


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
        """Delete at most `limit` families that have no token left, and the codes they came from."""
        family = token_families.c
        has_tokens = exists().where(refresh_tokens.c.family_id == family.family_id)
        some = select(family.family_id).where(family.expires_at < before, ~has_tokens).limit(limit)
        async with self._database.transaction() as connection:
            gone = await connection.scalars(
                delete(token_families).where(family.family_id.in_(some)).returning(family.family_id)
            )
            family_ids = gone.all()
            await connection.execute(
                delete(used_codes).where(used_codes.c.family_id.in_(family_ids))
            )
        return len(family_ids)

    def deletions_by_expiry(self) -> list["Deletion"]:
        """One for each table whose rows expire by themselves."""
        return [partial(self._delete_expired, table) for table in EXPIRING]

    async def _delete_expired(self, table: Table, *, before: datetime, limit: int) -> int:
        key = next(iter(table.primary_key.columns))
        return await self._delete(
            table, select(key).where(table.c.expires_at < before).limit(limit)
        )

    async def delete_unused_clients(self, *, before: datetime, limit: int) -> int:
        """Deletes clients that registered themselves and were never used, and what is theirs."""
        client = clients.c
        is_unused = client.registration_expires_at < before
        some = select(client.client_id).where(is_unused).limit(limit)
        async with self._database.transaction() as connection:
            gone = await connection.scalars(
                # said twice, for a client that is used for the first time at this moment
                delete(clients)
                .where(client.client_id.in_(some), is_unused)
                .returning(client.client_id)
            )
            client_ids = gone.all()
            for table in (client_origins, consents):
                await connection.execute(delete(table).where(table.c.client_id.in_(client_ids)))
        return len(client_ids)

    async def delete_old_mails(self, *, before: datetime, limit: int) -> int:
        """Deletes mails that nobody delivers, as where the mail server was taken away.

        Where there is one, it has them long before, or they are given up.
        """
        mail = mails.c
        made_before = before - MAILS_ARE_KEPT
        return await self._delete(
            mails,
            select(mail.mail_id)
            # the first condition is for the index, the second is meant
            .where(mail.next_attempt_at < before, mail.created_at < made_before)
            .limit(limit),
        )

    async def _delete(self, table: Table, keys: Select[Any]) -> int:
        key = next(iter(table.primary_key.columns))
        gone = await self._database.change(delete(table).where(key.in_(keys)).returning(key))
        return len(gone)
