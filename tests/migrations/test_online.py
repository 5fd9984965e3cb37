"""On PostgreSQL a schema is migrated while servers of the release before use it."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import func, select, table

from app.database import migrations
from app.database.backends import Backend
from app.database.database import Database
from app.database.revisions import newest_revision
from migrations import online
from tests.migrations.conftest import change, rows_of
from tests.support.machine import scaled_now

DATABASES = ("postgresql",)
USERS = 100_000
LONGEST_SECONDS = 2.0
FILL = """
    INSERT INTO users
        (user_id, username, username_key, password_hash, credentials_version, created_at)
    SELECT 'user-' || n, 'user-' || n, 'user-' || n, 'hash', 'version', now()
    FROM generate_series(1, {users}) AS n
"""
INSERT = """
    INSERT INTO users
        (user_id, username, username_key, password_hash, credentials_version, created_at)
    VALUES ($1, $1, $1, 'hash', 'version', now())
"""


async def core_with(backend: Backend, users: int) -> None:
    await migrations.migrate(backend, "2026_11_25_core")
    await change(backend, FILL.format(users=users))


class OldServer:
    """Sends what a sign-in and a registration at a server of the first release send."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.longest = 0.0
        self.count = 0
        self.is_done = False

    async def sign_in_until_done(self) -> None:
        connection = await asyncpg.connect(self._url, statement_cache_size=0)
        try:
            while not self.is_done:
                started = time.perf_counter()
                await self._sign_in(connection, self.count)
                self.longest = max(self.longest, time.perf_counter() - started)
                self.count += 1
                await asyncio.sleep(0.005)
        finally:
            await connection.close()

    async def _sign_in(self, connection: Any, number: int) -> None:
        name = f"user-{number * 7919 % USERS + 1}"
        await connection.fetchrow("SELECT password_hash FROM users WHERE username_key = $1", name)
        await connection.execute("UPDATE users SET otp_last_step = $2 WHERE user_id = $1", name, 5)
        if number % 10 == 0:
            await connection.execute(INSERT, f"new-{number}")


@pytest.mark.timing
async def test_sign_ins_are_not_delayed_while_many_users_are_migrated(
    backend: Backend, empty_url: str
) -> None:
    """Through every migration from the first release to this one"""
    await core_with(backend, USERS)
    old = OldServer(empty_url)
    signing_in = asyncio.create_task(old.sign_in_until_done())

    await migrations.migrate(backend)
    old.is_done = True
    await signing_in

    assert old.count > 100
    assert old.longest < scaled_now(LONGEST_SECONDS)
    rows = await rows_of(
        backend,
        "SELECT count(*), count(DISTINCT pairwise_salt), min(length(pairwise_salt)) FROM users",
    )
    assert rows == [(USERS + (old.count + 9) // 10, USERS + (old.count + 9) // 10, 32)]


@contextmanager
def stopping_after(transactions: int, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Migrations that fail in one of the transactions of their own."""
    begin, begun = online._transaction, 0

    def counted() -> Any:
        nonlocal begun
        begun += 1
        if begun > transactions:
            raise RuntimeError("stopped half-way")
        return begin()

    with patch.context() as patched:
        patched.setattr(online, "_transaction", counted)
        yield


@pytest.mark.slow
async def test_an_interrupted_migration_resumes_where_it_stopped(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    await core_with(backend, 2 * online.BATCH_ROWS + 10)
    # the default, a batch, and half of what makes the column NOT NULL
    for transactions in (0, 2, 5):
        with stopping_after(transactions, monkeypatch), pytest.raises(RuntimeError):
            await migrations.migrate(backend)
    salts = dict(await rows_of(backend, "SELECT user_id, pairwise_salt FROM users"))

    await migrations.migrate(backend)

    assert await migrations.current_revision(backend) == newest_revision()
    assert dict(await rows_of(backend, "SELECT user_id, pairwise_salt FROM users")) == salts


async def test_an_index_left_invalid_by_an_interruption_is_rebuilt(backend: Backend) -> None:
    name = "ix_access_tokens_user_id"
    await migrations.migrate(backend, "2026_11_29_schema_revisions")
    await change(backend, f"CREATE INDEX {name} ON access_tokens (scope)")
    await change(
        backend,
        f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{name}'::regclass".replace(
            "::", "\\:\\:"
        ),
    )

    await migrations.migrate(backend)

    rows = await rows_of(backend, f"SELECT indexdef FROM pg_indexes WHERE indexname = '{name}'")
    assert "(user_id)" in rows[0][0]


@pytest.mark.timing
async def test_a_migration_waiting_for_a_locked_table_does_not_block_other_queries(
    backend: Backend, empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The migration gives up its place after half a second, and tries again."""
    monkeypatch.setattr(migrations, "LOCK_PAUSE_SECONDS", 0.05)
    await core_with(backend, 10)
    holder = await asyncpg.connect(empty_url)
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute("SELECT count(*) FROM users")

    migrating = asyncio.create_task(migrations.migrate(backend))
    await asyncio.sleep(1.5)
    is_waiting = not migrating.done()
    await Database(backend).fetch_one(select(func.count()).select_from(table("users")))
    await transaction.rollback()
    await holder.close()
    await migrating

    assert is_waiting
    assert await migrations.current_revision(backend) == newest_revision()
