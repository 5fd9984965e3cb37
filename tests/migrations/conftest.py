"""Empty databases of both kinds, and a backend on them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from sqlalchemy import inspect, text

from app.database import migrations
from app.database.backends import Backend
from app.wiring import make_backend
from tests.support.clock import FakeClock
from tests.support.databases import Databases
from tests.support.parts import settings_for


@pytest_asyncio.fixture
async def empty_url(databases: Databases, database_kind: str) -> str:
    return await databases.empty(database_kind)


@pytest_asyncio.fixture
async def backend(empty_url: str) -> AsyncIterator[Backend]:
    made = make_backend(settings_for(empty_url))
    yield made
    await made.close()


async def tables_of(backend: Backend) -> set[str]:
    async with backend.engines.reader.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def change(backend: Backend, statement: str) -> None:
    async with backend.engines.writer.begin() as connection:
        await connection.execute(text(statement))


async def rows_of(backend: Backend, statement: str) -> list[tuple[Any, ...]]:
    async with backend.engines.reader.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(statement))]


async def downgrade(backend: Backend, revision: str) -> None:
    """Downgrade, data or not."""
    await migrations.downgrade(backend, revision, now=FakeClock().now(), deletes_data=True)
