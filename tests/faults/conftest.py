"""A migrated database of each kind for a test alone."""

import pytest_asyncio

from tests.support.databases import Databases


@pytest_asyncio.fixture
async def database_url(databases: Databases, database_kind: str) -> str:
    return await databases.migrated(database_kind)
