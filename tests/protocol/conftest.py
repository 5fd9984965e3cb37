"""What the protocol tests share: the operator's hand, and a second client."""

from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from app.wiring import Services, build_services
from tests.support.application import Application, TestClient


@pytest_asyncio.fixture
async def operator(app: Application) -> AsyncIterator[Services]:
    """What the command line works with: services of its own on the application's database."""
    services = build_services(app.settings, app.clock)
    yield services
    await services.close()


@pytest.fixture
def operator_of() -> Callable[[Application], Services]:
    """The same for an application of one's own; who asks closes it."""
    return lambda app: build_services(app.settings, app.clock)


@pytest_asyncio.fixture
async def other_client(app: Application) -> TestClient:
    return await app.create_client()
