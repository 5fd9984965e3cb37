"""Other people, and a provider by which they may sign in."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support.application import Application, TestUser
from tests.support.identity_provider import Provider, offered
from tests.support.peer import Peer, running_peer
from tests.support.visitor import Visitor, visiting


@pytest_asyncio.fixture
async def owner(visitor: Visitor, user: TestUser) -> Visitor:
    """The browser of `user`, who signed in a moment ago."""
    await visitor.sign_in(await visitor.get("/login"), user)
    return visitor


@pytest_asyncio.fixture
async def stranger(app: Application) -> AsyncIterator[Visitor]:
    """Somebody else, with a browser of his own."""
    async with visiting(app) as made:
        yield made


@pytest_asyncio.fixture
async def peer() -> AsyncIterator[Peer]:
    async with running_peer(tls=False) as running:
        yield running


@pytest_asyncio.fixture
async def provider(app: Application, peer: Peer) -> Provider:
    """One whose button is on the sign-in page."""
    return await offered(app, peer)
