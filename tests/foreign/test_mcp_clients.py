"""The MCP SDKs' clients and FastMCP's, against an MCP server that Postern protects."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.deployment.files import ROOT
from tests.foreign.agents import protect, server_for_agents
from tests.foreign.applications import running
from tests.foreign.browsing import Browsing, browsing
from tests.foreign.mcp_calls import call_tool
from tests.support.application import Application
from tests.support.client_documents import serve
from tests.support.peer import Peer
from tests.support.ports import free_port
from tests.support.server import Server
from tests.support.waiting import within

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
SECONDS = 90
READ, WRITE = "Read your notes", "Change your notes"
UNVERIFIED = "This app says it is An agent — we haven't verified it."
WARNING = "This request comes from an app on this computer. Continue only if you started it."
LOOPBACK = ["http://127.0.0.1/callback", "http://localhost/callback"]


@dataclass(frozen=True)
class Notes:
    """An MCP server, the authorization server that protects it, and a host of documents."""

    url: str
    server: Server
    app: Application
    peer: Peer


@pytest_asyncio.fixture(scope="module")
async def notes(tmp_path_factory: pytest.TempPathFactory, mcp_python: Path) -> AsyncIterator[Notes]:
    directory = tmp_path_factory.mktemp("server")
    port = free_port()
    url = f"http://127.0.0.1:{port}/mcp"
    async with server_for_agents(directory) as (server, app, peer):
        await protect(
            server, app, url, name="notes", scopes={"notes:read": READ, "notes:write": WRITE}
        )
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(ROOT / "examples/mcp-server"), str(ROOT / "kit")]),
            "ISSUER": f"http://localhost:{server.port}",
            "RESOURCE": url,
            "PORT": str(port),
        }
        command = [str(mcp_python), str(HERE / "notes_server.py")]
        async with running(command, directory, port, variables):
            yield Notes(url, server, app, peer)


async def run_agent(command: list[str], person: Browsing, **given: Any) -> dict[str, Any]:
    """Run an agent to its end, opening its URLs in the browser, and return what it said."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdin.write(json.dumps(given).encode() + b"\n")
    errors = asyncio.create_task(process.stderr.read())
    said: dict[str, Any] = {}
    try:
        async with within(SECONDS):
            async for line in process.stdout:
                said = json.loads(line)
                if "open" in said:
                    await person.open(said["open"])
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, (await errors).decode()
    return said


def scopes_of(token: dict[str, Any]) -> set[str]:
    return {scope for scope in token["scope"].split() if scope.startswith("notes:")}


@pytest.mark.parametrize("has_document", [False, True], ids=["registration", "document"])
@pytest.mark.parametrize("name", ["sdk", "fastmcp", "typescript"])
async def test_a_client_discovers_signs_in_calls_refreshes_and_steps_up(
    notes: Notes,
    browser: Browser,
    mcp_python: Path,
    node_packages: Path,
    name: str,
    *,
    has_document: bool,
) -> None:
    """MCP 2026-07-28, authorization; RFC 9728, RFC 8414, RFC 7591, RFC 8707, RFC 9470"""
    document = None
    if has_document:
        path = f"/{name}/client.json"
        document = serve(notes.peer, path, redirect_uris=LOOPBACK).client_id
    command = {
        "sdk": [str(mcp_python), str(HERE / "mcp_agent.py")],
        "fastmcp": [str(mcp_python), str(HERE / "mcp_agent.py")],
        "typescript": ["node", str(node_packages / "mcp-agent.mjs")],
    }[name]

    async with browsing(browser, notes.server, notes.app) as person:
        said = await run_agent(
            command, person, client=name, server=notes.url, document=document, port=free_port()
        )

    signed_in, refreshed, stepped_up, last = said["tokens"]
    assert (said["client_id"] == document) == has_document
    note = said["texts"][0]
    assert note.startswith("A note of ")
    assert said["texts"] == [note, note, "Added: Buy milk", note]
    assert [scopes_of(token) for token in (signed_in, refreshed)] == [{"notes:read"}] * 2
    assert refreshed["access_token"] != signed_in["access_token"]
    assert refreshed["refresh_token"] != signed_in["refresh_token"]
    assert scopes_of(stepped_up) == {"notes:read", "notes:write"}
    assert last == stepped_up
    assert await call_tool(notes.url, refreshed["access_token"], "read_notes") == note
    first, second = person.consents
    assert (READ in first, WRITE in first) == (True, False)
    marked = [f"{scope}\nnew" in second for scope in (READ, WRITE)]
    assert (READ in second, marked) == (True, [False, True])
    assert (UNVERIFIED in first) == has_document
    assert all(WARNING in consent for consent in person.consents)
