"""Callers with client certificates, which a trusted proxy forwards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support.application import Application
from tests.support.certificates import Identity
from tests.support.machine import scaled

PROXY = "127.0.0.1"
"""The address from which tests call the application."""


def behind_proxy(directory: Path | None, *authorities: Identity) -> dict[str, Any]:
    """Return the settings of a server behind a proxy, with a file of authorities."""
    settings: dict[str, Any] = {"trusted_proxies": (PROXY,), "mtls_header_format": "rfc9440"}
    if directory is not None:
        file = directory / "authorities.pem"
        file.write_text("".join(each.pem for each in authorities))
        settings["mtls_ca_file"] = file
    return settings


@asynccontextmanager
async def presenting(app: Application, identity: Identity) -> AsyncIterator[Application]:
    """Call the same application as the holder of a certificate."""
    async with httpx.AsyncClient(
        transport=app.http._transport,
        base_url=app.http.base_url,
        headers={"client-cert": identity.rfc9440},
        timeout=scaled(30),
    ) as http:
        yield Application(http, app.settings, app.clock)
        http._transport = httpx.AsyncBaseTransport()  # keeps the application's own transport open
