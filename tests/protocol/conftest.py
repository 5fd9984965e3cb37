"""What the protocol tests share: the operator's hand, and a second client."""

from collections.abc import AsyncIterator

import pytest_asyncio

from app.wiring import Services, build_services
from tests.support.application import Application, TestClient


@pytest_asyncio.fixture
async def operator(app: Application) -> AsyncIterator[Services]:
    """What the command line works with: services of its own on the application's database."""
    services = build_services(app.settings, app.clock)
    yield services
    await services.close()


@pytest_asyncio.fixture
async def other_client(app: Application) -> TestClient:
    return await app.create_client()
