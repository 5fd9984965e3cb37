"""Queries about the documents of clients, what was granted to them, and blocked hosts."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, select, text, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.clients.application_uses import application_uses
from app.models.clients.client_documents import (
    BlockedHost,
    ClientDocument,
    DocumentGrant,
    blocked_client_hosts,
    client_documents,
    document_grants,
)
from app.models.clients.client_origins import client_origins
from app.models.clients.consents import consents
from app.models.oauth.token_families import token_families
from app.models.operations.audit_outbox import NewEvent
from app.repositories.clients.clients import origins_of
from app.repositories.clients.document_locks import lock_document
from app.repositories.inserts import upsert, values_in
from app.repositories.oauth.redemptions import void_codes
from app.repositories.operations.audit_outbox import write_events

document, grant, blocked = client_documents.c, document_grants.c, blocked_client_hosts.c
family = token_families.c
FIRST_STORED = frozenset({"client_id", "created_at"})
UNUSED_FOR = timedelta(days=1)
"""How long a document without a grant or a consent is kept after its last use."""
LOCK_BLOCKED = text("LOCK TABLE blocked_client_hosts IN SHARE MODE")
"""Waits for hosts that are being blocked, and lets none be blocked until the commit."""
USERS_AT_ONCE = 500
"""Users in one statement."""


class ClientDocumentRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def store(
        self, new: ClientDocument, *, ended: Collection[str], now: datetime, event: NewEvent | None
    ) -> bool:
        """Store a document, or replace it; return False if its host is blocked.

        The grants whose redirect URI is in `ended` end; then there is an `event`.
        """
        values = values_in(client_documents, new)
        changes = {name: value for name, value in values.items() if name not in FIRST_STORED}
        async with self._database.transaction() as connection:
            if self._database.backend.name == "postgresql":  # SQLite has one writer
                await connection.execute(LOCK_BLOCKED)
            if await _is_blocked(connection, new.host):
                return False
            await connection.execute(
                upsert(connection, client_documents)
                .values(values)
                .on_conflict_do_update(index_elements=[document.client_id], set_=changes)
            )
            await _store_origins(connection, new)
            if ended:
                of_grants = select(grant.family_id).where(
                    grant.client_id == new.client_id, grant.redirect_uri.in_(ended)
                )
                await _revoke_families(connection, of_grants, now=now)
                await connection.execute(
                    delete(document_grants).where(
                        grant.client_id == new.client_id, grant.redirect_uri.in_(ended)
                    )
                )
            if event is not None:
                await write_events(connection, event)
        return True

    async def note_use(self, client_id: str, *, now: datetime) -> None:
        """Store that a user signed in to the client."""
        await self._database.change(
            update(client_documents).where(document.client_id == client_id).values(used_at=now)
        )

    @retries_on_lock
    async def note_grant(self, new: DocumentGrant) -> bool:
        """Store which redirect URI a token family belongs to; return False if the document of the
        client was deleted."""
        async with self._database.transaction() as connection:
            is_stored = await lock_document(connection, new.client_id)
            if is_stored:
                await connection.execute(
                    upsert(connection, document_grants)
                    .values(values_in(document_grants, new))
                    .on_conflict_do_nothing()
                )
        return is_stored

    async def is_blocked(self, host: str) -> bool:
        return await self._database.exists(select(blocked.host).where(blocked.host == host))

    async def find_blocked(self, host: str) -> BlockedHost | None:
        return await self._database.find_one(
            select(blocked_client_hosts).where(blocked.host == host), value=BlockedHost
        )

    async def list_blocked(self, *, after: str = "", limit: int = 100) -> Sequence[BlockedHost]:
        """Return a page of the blocked hosts, in their order, beginning after `after`."""
        return await self._database.find_all(
            select(blocked_client_hosts)
            .where(blocked.host > after)
            .order_by(blocked.host)
            .limit(limit),
            value=BlockedHost,
        )

    @retries_on_lock
    async def block(
        self, host: str, *, now: datetime, event_of: Callable[[Sequence[str]], NewEvent]
    ) -> bool:
        """Block a host and end all that was granted to its clients; return False if it was.

        The event gets the URLs of the clients. Their documents are locked first: what was begun
        for one is seen here, and what begins later (`lock_document`) finds none.
        """
        of_host = select(document.client_id, document.url).where(document.host == host)
        async with self._database.transaction() as connection:
            is_new = await connection.execute(
                upsert(connection, blocked_client_hosts)
                .values(host=host, blocked_at=now)
                .on_conflict_do_nothing()
                .returning(blocked.host)
            )
            if is_new.first() is None:
                return False
            stored = (await connection.execute(of_host.with_for_update())).all()
            client_ids = [each.client_id for each in stored]
            await _end_consents(connection, client_ids, now=now)
            of_grants = select(grant.family_id).where(grant.client_id.in_(client_ids))
            await _revoke_families(connection, of_grants, now=now)
            for table in (document_grants, application_uses, client_origins, client_documents):
                await connection.execute(delete(table).where(table.c.client_id.in_(client_ids)))
            await write_events(connection, event_of(sorted(each.url for each in stored)))
        return True

    @retries_on_lock
    async def unblock(self, host: str, *, event: NewEvent) -> bool:
        """Allow the documents of a host again; return False if it was not blocked."""
        async with self._database.transaction() as connection:
            deleted = await connection.execute(
                delete(blocked_client_hosts).where(blocked.host == host).returning(blocked.host)
            )
            if deleted.first() is None:
                return False
            await write_events(connection, event)
        return True

    @retries_on_lock
    async def evict(self, *, before: datetime, limit: int) -> int:
        """Delete documents that nobody uses, the least recently used first; return how many were
        examined.

        One with a grant or a consent stays, since its users must be able to go on. It counts as
        used, so that it is not examined again soon.
        """
        least_used = (
            select(document.client_id)
            .where(document.used_at < before - UNUSED_FOR)
            .order_by(document.used_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self._database.transaction() as connection:
            client_ids = set((await connection.scalars(least_used)).all())
            needed = union_all(
                *(
                    select(column).where(column.in_(client_ids)).distinct()
                    for column in (grant.client_id, consents.c.client_id)
                )
            )
            kept = set((await connection.scalars(needed)).all())
            for table in (application_uses, client_origins, client_documents):
                await connection.execute(
                    delete(table).where(table.c.client_id.in_(client_ids - kept))
                )
            await connection.execute(
                update(client_documents).where(document.client_id.in_(kept)).values(used_at=before)
            )
        return len(client_ids)


async def _is_blocked(connection: AsyncConnection, host: str) -> bool:
    row = await connection.execute(select(blocked.host).where(blocked.host == host))
    return row.first() is not None


async def _end_consents(
    connection: AsyncConnection, client_ids: Sequence[str], *, now: datetime
) -> None:
    """Delete the consents to clients, and expire the codes of their users."""
    deleted = await connection.scalars(
        delete(consents).where(consents.c.client_id.in_(client_ids)).returning(consents.c.user_id)
    )
    user_ids = sorted(set(deleted.all()))
    for start in range(0, len(user_ids), USERS_AT_ONCE):
        users = user_ids[start : start + USERS_AT_ONCE]
        await void_codes(connection, now=now, user_id=users, client_id=client_ids)


async def _store_origins(connection: AsyncConnection, new: ClientDocument) -> None:
    """Replace the web origins of the client, which may call the token endpoint (CORS)."""
    is_theirs = client_origins.c.client_id == new.client_id
    await connection.execute(delete(client_origins).where(is_theirs))
    if origins := origins_of(new.client):
        await connection.execute(
            upsert(connection, client_origins).on_conflict_do_nothing(), origins
        )


async def _revoke_families(
    connection: AsyncConnection, family_ids: Select[tuple[str]], *, now: datetime
) -> None:
    await connection.execute(
        update(token_families)
        .where(family.family_id.in_(family_ids), family.revoked_at.is_(None))
        .values(revoked_at=now)
    )
