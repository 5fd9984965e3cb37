"""A server of one's own, and the application of another process under the usual short names."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from tests.support.application import Application
from tests.support.clock import FakeClock
from tests.support.databases import Databases
from tests.support.parts import settings_for
from tests.support.server import Server


class TimeOfTheMachine(FakeClock):
    """A server in another process reads the machine's clock, and so do codes made for it."""

    def now(self) -> datetime:
        return datetime.now(UTC)


Connect = Callable[[Server], AbstractAsyncContextManager[Application]]


@pytest.fixture(scope="session")
def connected() -> Connect:
    @asynccontextmanager
    async def connect(server: Server) -> AsyncIterator[Application]:
        async with server.client() as http:
            yield Application(
                http, settings_for("sqlite:///of-another-process"), TimeOfTheMachine()
            )

    return connect


@pytest_asyncio.fixture
async def database_url(databases: Databases, database_kind: str) -> str:
    return await databases.migrated(database_kind)
