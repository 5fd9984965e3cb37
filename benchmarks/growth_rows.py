"""Rows of a database that has grown: users with sessions and tokens, made by the database."""

import sqlite3

import asyncpg
import psutil

from app.database.postgresql import driver_url

MAXIMUM_USERS = 1_000_000
WHILE_FILLING = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "'16GB'"}
"""Without these a fill waits for the disk; they are reset before anything is measured."""
LATER = "2099-01-01 00:00:00.000000+00:00"
BEFORE = "2026-01-01 00:00:00.000000+00:00"
STATEMENTS = (
    """INSERT INTO users (user_id, username, username_key, password_hash, credentials_version,
           created_at, pairwise_salt)
       SELECT 'grown-' || n, 'grown-' || n, 'grown-' || n, '!', 'v', {before}, {digest}
       FROM numbers WHERE n <= {users}""",
    """INSERT INTO sessions (session_id, digest, user_id, credentials_version, auth_time, acr, amr,
           user_agent, address, created_at, last_seen_at, expires_at)
       SELECT 'session-' || n, {digest}, 'grown-' || n, 'v', {before}, '1', 'pwd', '', '',
           {before}, {before}, {later} FROM numbers WHERE n <= {users}""",
    """INSERT INTO token_families (family_id, client_id, user_id, credentials_version, scope,
           created_at, expires_at, session_id)
       SELECT 'family-' || n, 'grown', 'grown-' || n, 'v', 'openid', {before}, {later},
           'session-' || n FROM numbers WHERE n <= {users}""",
    """INSERT INTO refresh_tokens (digest, family_id, issued_at, expires_at)
       SELECT {digest}, 'family-' || n, {before}, {later} FROM numbers WHERE n <= {users}""",
    """INSERT INTO access_tokens (digest, client_id, user_id, family_id, scope, issued_at,
           expires_at)
       SELECT {digest}, 'grown', CASE WHEN n % 2 = 0 THEN 'grown-' || (n % {users} + 1) END,
           CASE WHEN n % 2 = 0 THEN 'family-' || (n % {users} + 1) END, 'profile', {before},
           CASE WHEN n % 100 = 0 THEN {before} ELSE {later} END FROM numbers""",
)

TABLES = ("users", "sessions", "token_families", "refresh_tokens", "access_tokens")
PLAIN_INDEXES = """
    SELECT i.indexname, i.indexdef FROM pg_indexes i
    LEFT JOIN pg_constraint c ON c.conname = i.indexname
    WHERE i.schemaname = 'public' AND i.tablename = ANY($1) AND c.conname IS NULL"""


def users_of(tokens: int) -> int:
    return min(tokens, MAXIMUM_USERS)


async def postmaster(url: str) -> psutil.Process:
    """Return the parent of all processes of a PostgreSQL server on this machine."""
    connection = await asyncpg.connect(driver_url(url))
    try:
        return psutil.Process(psutil.Process(connection.get_server_pid()).ppid())
    finally:
        await connection.close()


async def grow(url: str, tokens: int) -> None:
    """Add so many access tokens, one in a hundred of them expired, and the users behind them."""
    if url.startswith("sqlite"):
        _grow_sqlite(url.removeprefix("sqlite:///"), tokens)
        return
    connection = await asyncpg.connect(driver_url(url), command_timeout=None)
    try:
        for name, value in WHILE_FILLING.items():
            await connection.execute(f"ALTER SYSTEM SET {name} = {value}")
        await connection.execute("SELECT pg_reload_conf()")
        # The rows fit together as they are made, and an index is built faster than it is filled.
        await connection.execute("SET session_replication_role = replica")
        indexes = await connection.fetch(PLAIN_INDEXES, list(TABLES))
        for name, _ in indexes:
            await connection.execute(f"DROP INDEX {name}")
        await connection.execute(
            f"CREATE TEMP VIEW numbers AS SELECT n FROM generate_series(1, {tokens}) AS n"
        )
        for statement in STATEMENTS:
            await connection.execute(
                statement.format(
                    users=users_of(tokens),
                    digest="sha256(cast(random() || '-' || n AS bytea))",
                    before=f"cast('{BEFORE}' AS timestamptz)",
                    later=f"cast('{LATER}' AS timestamptz)",
                )
            )
        for _, definition in indexes:
            await connection.execute(definition)
        await connection.execute("VACUUM (ANALYZE)")
        for name in WHILE_FILLING:
            await connection.execute(f"ALTER SYSTEM RESET {name}")
        await connection.execute("SELECT pg_reload_conf()")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


def _grow_sqlite(path: str, tokens: int) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -1000000")
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        f" AND tbl_name IN ({', '.join('?' * len(TABLES))})",
        TABLES,
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    numbers = (
        "WITH RECURSIVE numbers(n) AS"
        f" (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {tokens})"
    )
    for statement in STATEMENTS:
        into, _, select = statement.partition("SELECT")
        text = f"{into} {numbers} SELECT{select}"
        connection.execute(
            text.format(
                users=users_of(tokens),
                digest="randomblob(32)",
                before=f"'{BEFORE}'",
                later=f"'{LATER}'",
            )
        )
        connection.commit()
    for _, definition in indexes:
        connection.execute(definition)
    connection.commit()
    connection.close()
