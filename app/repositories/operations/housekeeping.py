"""Removal of expired and unused rows, in bounded batches."""

from collections.abc import Awaitable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from sqlalchemy import (
    Column,
    ColumnElement,
    Table,
    and_,
    any_,
    delete,
    func,
    literal_column,
    select,
)

from app.database.database import Database
from app.models.accounts.known_networks import known_addresses
from app.models.accounts.one_time_links import one_time_links
from app.models.accounts.sessions import sessions
from app.models.clients.client_documents import document_grants
from app.models.clients.clients import clients
from app.models.clients.initial_access_tokens import initial_access_tokens
from app.models.factors.trusted_browsers import trusted_browsers
from app.models.oauth.access_tokens import access_tokens
from app.models.oauth.authorization_codes import authorization_codes
from app.models.oauth.authorization_requests import authorization_requests
from app.models.oauth.denied_tokens import denied_tokens
from app.models.oauth.device_codes import device_codes
from app.models.oauth.personal_tokens import personal_tokens
from app.models.operations.limit_counters import limit_counters
from app.models.operations.mails import mails
from app.models.operations.replay_cache import replay_cache
from app.models.operations.webhooks import webhook_deliveries
from app.repositories.clients.clients import delete_rows_of_clients

MAILS_RETAINED_FOR = timedelta(days=2)

EXPIRING = (
    authorization_codes,
    authorization_requests,
    denied_tokens,
    device_codes,
    document_grants,
    sessions,
    replay_cache,
    initial_access_tokens,
    personal_tokens,
    limit_counters,
    known_addresses,
    trusted_browsers,
    one_time_links,
    webhook_deliveries,
)
"""Tables whose rows can be deleted once they have expired."""


class Deletion(Protocol):
    def __call__(self, *, before: datetime, limit: int) -> Awaitable[int]: ...


class HousekeepingRepository:
    """Housekeeping.

    `batch_seconds` is the target duration of a batch. It is shorter on SQLite, where tokens cannot
    be stored while a batch runs.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.batch_seconds = 0.015 if database.backend.name == "sqlite" else 0.1

    async def delete_expired_access_tokens(self, *, before: datetime, limit: int) -> int:
        """Delete at most `limit` expired tokens, and return how many."""
        return await self._delete_expired(access_tokens, before=before, limit=limit)

    def deletions_by_expiry(self) -> list["Deletion"]:
        """Return one deletion for each table in `EXPIRING`."""
        return [partial(self._delete_expired, table) for table in EXPIRING]

    async def _delete_expired(self, table: Table, *, before: datetime, limit: int) -> int:
        expires_at = table.c.expires_at
        return await self._delete(table, expires_at < before, order=expires_at, limit=limit)

    async def delete_unused_clients(self, *, before: datetime, limit: int) -> int:
        """Delete clients that registered themselves and were never used, and their rows."""
        client = clients.c
        is_unused = client.registration_expires_at < before
        expiry = client.registration_expires_at
        unused = select(client.client_id).where(is_unused).order_by(expiry).limit(limit)
        async with self._database.transaction() as connection:
            deleted = await connection.scalars(
                # repeats the condition, in case the client is first used concurrently
                delete(clients)
                .where(client.client_id.in_(unused), is_unused)
                .returning(client.client_id)
            )
            client_ids = deleted.all()
            await delete_rows_of_clients(connection, client_ids, now=before)
        return len(client_ids)

    async def delete_old_mails(self, *, before: datetime, limit: int) -> int:
        """Delete mails that are not being delivered, for example if the mail server was removed.

        With a mail server, they have been delivered or given up long before.
        """
        mail = mails.c
        # the first condition only serves the index
        is_old = and_(mail.next_attempt_at < before, mail.created_at < before - MAILS_RETAINED_FOR)
        return await self._delete(mails, is_old, order=mail.next_attempt_at, limit=limit)

    async def _delete(
        self, table: Table, is_due: ColumnElement[bool], *, order: Column[Any], limit: int
    ) -> int:
        """Delete at most `limit` rows and return how many, without fetching any of them.

        The condition is repeated in the DELETE, in case a row changes after it was selected.
        """
        key: ColumnElement[Any] = next(iter(table.primary_key.columns))
        if self._database.backend.name == "postgresql":
            ctid: ColumnElement[Any] = literal_column(f"{table.name}.ctid")
            selected = select(ctid).select_from(table).where(is_due).order_by(order).limit(limit)
            is_selected = ctid == any_(func.array(selected.scalar_subquery()))
        else:
            is_selected = key.in_(select(key).where(is_due).order_by(order).limit(limit))
        async with self._database.transaction() as connection:
            result = await connection.execute(delete(table).where(is_selected, is_due))
        return result.rowcount
