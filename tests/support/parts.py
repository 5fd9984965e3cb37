"""Services and repositories on a database, for what HTTP does not show."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text

from app.database.database import Database
from app.settings import Settings
from app.wiring import Services, build_services, make_backend
from tests.support.application import CHEAP_ARGON2, NOT_DURABLE, SECRET_KEY, Application
from tests.support.clock import FakeClock
from tests.support.machine import database_timeouts


def settings_for(database_url: str, **settings: Any) -> Settings:
    return Settings(
        **{
            "database_url": database_url,
            "app_env": "development",
            "secret_key": SECRET_KEY,
            **CHEAP_ARGON2,
            **NOT_DURABLE,
            **database_timeouts(),
            **settings,
        }
    )


@asynccontextmanager
async def running_services(
    database_url: str, clock: FakeClock, **settings: Any
) -> AsyncIterator[Services]:
    services = build_services(settings_for(database_url, **settings), clock)
    try:
        yield services
    finally:
        await services.close()


@asynccontextmanager
async def open_database(database_url: str, **settings: Any) -> AsyncIterator[Database]:
    """Open a separate `Database`, as another worker would have."""
    database = Database(make_backend(settings_for(database_url, **settings)))
    try:
        yield database
    finally:
        await database.close()


def services_of(application: Application) -> Services:
    """Return the services of a running application."""
    edge: Any = application.http._transport.app  # type: ignore[attr-defined]
    services: Services = edge._application.state.services
    return services


async def count(database: Database, table: str) -> int:
    row = await database.fetch_one(text(f"SELECT count(*) FROM {table}"))
    assert row is not None
    return int(row[0])


def sqlite_integrity(database_url: str) -> str:
    """Return the result of SQLite's check of the whole file; `ok` if it is undamaged."""
    connection = sqlite3.connect(database_url.removeprefix("sqlite:///"))
    try:
        result: str = connection.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        connection.close()
    return result
