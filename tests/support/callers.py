"""Callers with other IP addresses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.support.application import Application
from tests.support.machine import scaled


@asynccontextmanager
async def calling_from(app: Application, address: str) -> AsyncIterator[Application]:
    """Call the same application from another IP address."""
    transport = app.http._transport
    assert isinstance(transport, httpx.ASGITransport)
    other = httpx.ASGITransport(
        app=transport.app, raise_app_exceptions=False, client=(address, 40_000)
    )
    async with httpx.AsyncClient(
        transport=other, base_url=app.http.base_url, timeout=scaled(30)
    ) as http:
        yield Application(http, app.settings, app.clock)
