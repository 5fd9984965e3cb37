"""Migrate the database to the schema of this release, once even if several processes start."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database import sqlite
from app.database.alembic_runs import (
    downgrade_schema,
    read_revision,
    unknown_revision_message,
    upgrade,
)
from app.database.backends import Backend
from app.database.errors import is_misconfigured, reason_of, translated_errors
from app.database.losses import Loss
from app.database.migration_lock import LOCK, is_lock_timeout, one_at_a_time
from app.database.postgresql_backend import PostgresBackend
from app.database.revisions import known_revisions, may_serve_on, newest_revision
from app.database.sqlite_backend import SqliteBackend
from app.errors import DatabaseUnavailableError
from app.observability.logging import logger
from app.settings.files import (
    DIRECTORY_MODE,
    FILE_MODE,
    make_private_directory,
    make_private_file,
    mode_open_to_others,
)
from app.startup_errors import CREATED_BY, DatabaseUnreachableError, StartupError

Result = TypeVar("Result")
log = logger(__name__)

LOCK_TIMEOUT_SECONDS = 0.5
"""How long a schema change waits for a lock; all other users of the table queue behind it."""
LOCK_ATTEMPTS = 100
LOCK_PAUSE_SECONDS = 2.0


async def current_revision(backend: Backend) -> str | None:
    """Return the revision of the schema, or None if there is no schema yet."""
    with translated_errors():
        async with backend.engines.reader.connect() as connection:
            return await connection.run_sync(read_revision)


async def migrate(backend: Backend, revision: str = "head") -> None:
    """Upgrade the schema; a concurrent migration waits.

    SQLite and an empty PostgreSQL database are upgraded in one transaction. Otherwise the schema
    may be in use: each revision commits by itself, and an interrupted one can be run again.
    """
    if isinstance(backend, PostgresBackend):
        with translated_errors():
            await _migrate_postgresql(backend, revision)
    else:
        await _in_transaction(backend, lambda connection: upgrade(connection, revision))


async def _migrate_postgresql(backend: PostgresBackend, revision: str) -> None:
    engine = backend.migration_engine(lock_timeout=LOCK_TIMEOUT_SECONDS)
    try:
        async with one_at_a_time(engine):
            if await current_revision(backend) is None:
                async with engine.begin() as connection:
                    await connection.run_sync(lambda sync: upgrade(sync, revision))
            else:
                await _migrate_in_steps(engine, revision)
    finally:
        await engine.dispose()


async def _migrate_in_steps(engine: AsyncEngine, revision: str) -> None:
    """Upgrade revision by revision; if a table is locked, wait and continue from there.

    Raises `StartupError` if the table is still locked after `LOCK_ATTEMPTS`.
    """
    for _ in range(LOCK_ATTEMPTS):
        try:
            async with engine.connect() as connection:
                await connection.run_sync(lambda sync: upgrade(sync, revision, in_steps=True))
            return
        except DBAPIError as error:
            if not is_lock_timeout(error):
                raise
            log.warning("waiting to migrate: a table is in use (%s)", reason_of(error))
        await asyncio.sleep(LOCK_PAUSE_SECONDS)
    raise StartupError(
        "The database cannot be migrated: another transaction keeps a table locked. Completed "
        "steps are preserved: end that transaction and run `postern migrate` again"
    )


async def downgrade(
    backend: Backend, revision: str, *, now: datetime, deletes_data: bool
) -> Sequence[Loss]:
    """Downgrade in one transaction and return what was deleted.

    Raises `StartupError`, which lists tables and row counts, if data would be deleted and
    `deletes_data` is false. The schema is then unchanged.
    """
    return await _in_transaction(
        backend,
        lambda connection: downgrade_schema(
            connection, revision, now=now, deletes_data=deletes_data
        ),
    )


def is_downgrade(revision: str) -> bool:
    return revision == "base" or revision.startswith("-")


async def _in_transaction(backend: Backend, work: Callable[[Connection], Result]) -> Result:
    with translated_errors():
        async with backend.engines.writer.connect() as connection:
            if backend.name == "sqlite":
                # ALTER rebuilds the table, and with foreign keys enabled that deletes child rows
                await connection.run_sync(_without_foreign_keys)
            async with connection.begin():
                if backend.name == "postgresql":
                    await connection.execute(text("SET LOCAL statement_timeout = 0"))
                    await connection.execute(text("SET LOCAL lock_timeout = '60s'"))
                    await connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
                result = await connection.run_sync(work)
            await connection.invalidate()
            return result


async def prepare(backend: Backend, *, migrates: bool, may_create: bool = True) -> None:
    """Ensure that the database has the schema of this release; raises `StartupError` if it cannot.

    With `migrates` an older schema is upgraded. Without `may_create` an empty database is refused,
    and no database is created.
    """
    revision = await revision_at_start(backend, may_create=may_create)
    if revision == newest_revision():
        return
    if revision is not None and revision not in known_revisions():
        await _refuse_newer(backend, revision)
        return
    if revision is None and not may_create:
        raise StartupError(f"DATABASE_URL: the database is empty: {CREATED_BY}")
    if not migrates:
        state = f"at revision {revision}" if revision else "empty"
        raise StartupError(
            f"The database is {state} and this release needs {newest_revision()}:"
            " run `postern migrate`, or set MIGRATE_ON_START=1"
        )
    try:
        await migrate(backend)
    except DatabaseError as error:
        raise StartupError(
            f"DATABASE_URL: cannot migrate the database: {reason_of(error)}"
        ) from error


async def _refuse_newer(backend: Backend, revision: str) -> None:
    """Raise `StartupError` unless the newer release declared that this one may keep serving."""
    with translated_errors():
        async with backend.engines.reader.connect() as connection:
            may_serve = await connection.run_sync(may_serve_on, revision)
    if not may_serve:
        raise StartupError(unknown_revision_message(revision))
    log.warning(
        ("the schema is from a newer release, revision %s, with which this release is compatible"),
        revision,
    )


def schema_problem(connection: Connection) -> str | None:
    """Return in one line why this release cannot use the schema, or None if it can."""
    revision = read_revision(connection)
    if revision == newest_revision():
        return None
    if revision is None:
        return "the database has no schema: run `postern migrate`"
    if revision in known_revisions():
        return f"the schema is at {revision}, older than {newest_revision()}: run `postern migrate`"
    return None if may_serve_on(connection, revision) else unknown_revision_message(revision)


async def revision_at_start(backend: Backend, *, may_create: bool = True) -> str | None:
    """Return `current_revision`; errors are raised as one line for the operator.

    Raises `StartupError`, or `DatabaseUnreachableError` if the database may become reachable.
    """
    try:
        if isinstance(backend, SqliteBackend):
            _prepare_file(backend.path, may_create=may_create)
            if sqlite.is_read_only(backend.path):
                raise StartupError(f"DATABASE_URL: the database is read-only: {backend.path}")
        return await current_revision(backend)
    except OSError as error:
        raise StartupError(f"DATABASE_URL: cannot create the file: {error.strerror}") from error
    except DatabaseUnavailableError as error:
        kind = StartupError if is_misconfigured(error) else DatabaseUnreachableError
        raise kind(f"DATABASE_URL: cannot reach the database: {reason_of(error)}") from error
    except DatabaseError as error:
        raise StartupError(f"DATABASE_URL: cannot read the database: {reason_of(error)}") from error


def _prepare_file(path: Path, *, may_create: bool) -> None:
    """Create the file of a SQLite database, private to its owner; warn if others have access."""
    if not path.exists():
        if not may_create:
            raise StartupError(f"DATABASE_URL: no database at {path}: {CREATED_BY}")
        make_private_directory(path.parent)
        make_private_file(path)
    for entry, private_mode in ((path.parent, DIRECTORY_MODE), (path, FILE_MODE)):
        mode = mode_open_to_others(entry)
        if mode is not None and entry != Path():
            log.warning(
                "%s is accessible to other users (mode %s): run chmod %o %s",
                entry,
                mode,
                private_mode,
                entry,
            )


def _without_foreign_keys(connection: Connection) -> None:
    driver_connection: Any = connection.connection
    cursor = driver_connection.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    cursor.close()
