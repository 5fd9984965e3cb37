"""Applications set up by what the commands print: clients for them, and their processes."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from tests.support.machine import scaled
from tests.support.server import Server
from tests.support.waiting import can_connect, eventually


async def clients(server: Server, *arguments: str) -> str:
    return await run_with_issuer(server, "clients", *arguments)


async def run_with_issuer(server: Server, *arguments: str) -> str:
    """Run a command with the issuer of the server, which chose its port itself."""
    metadata = httpx2.get(f"{server.url}/.well-known/openid-configuration").json()
    return await server.run(*arguments, ISSUER=metadata["issuer"])


async def web_client(server: Server, redirect_uri: str) -> dict[str, Any]:
    output = await clients(
        server, "create", "An app", "--kind", "web", "--redirect-uri", redirect_uri, "--json"
    )
    row: dict[str, Any] = json.loads(output)
    return row


@asynccontextmanager
async def running(
    command: list[str], directory: Path, port: int, variables: Mapping[str, str]
) -> AsyncIterator[None]:
    """Run the server of an application until the end, and wait until it listens on its port."""
    log = directory / "application.log"
    with log.open("wb") as output:
        process = await asyncio.to_thread(
            subprocess.Popen,
            command,
            cwd=directory,
            env=dict(variables),
            stdout=output,
            stderr=output,
        )
    try:

        async def listens() -> bool:
            assert process.poll() is None, log.read_text()
            return await can_connect(port)

        await eventually(listens)
        yield
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, scaled(30))
