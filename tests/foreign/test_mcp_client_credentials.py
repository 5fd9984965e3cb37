"""The official MCP SDK gets tokens for an agent itself (client credentials extension)."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from app.services.operations.authority import FULL
from tests.support.application import Application
from tests.support.client_jwts import jwks, signing_key
from tests.support.parts import running_services
from tests.support.ports import free_port
from tests.support.resources import resource_body
from tests.support.server import Server, TimeOfTheMachine, application_of, running_server
from tests.support.waiting import within

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parent / "mcp_client_credentials.py"
KEY = signing_key("ES256", "of an agent")
METHODS = ("client_secret_basic", "client_secret_post")


class Agents(NamedTuple):
    """A server with a resource that is an MCP server on a port, and its clients."""

    server: Server
    app: Application
    port: int
    resource: str


@pytest_asyncio.fixture(scope="module")
async def agents(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Agents]:
    directory = tmp_path_factory.mktemp("server")
    url = f"sqlite:///{directory / 'agents.db'}"
    port = free_port()
    resource = f"http://127.0.0.1:{port}/mcp"
    async with (
        running_server(directory, DATABASE_URL=url) as server,
        running_services(url, TimeOfTheMachine()) as services,
        application_of(server) as app,
    ):
        body = resource_body("mcp", identifier=resource, token_format="jwt")
        await services.oauth.resources.create(body, authority=FULL)
        yield Agents(server, app, port, resource)


async def test_the_sdk_authenticates_in_every_way(agents: Agents, mcp_python: Path) -> None:
    """It discovers the server by the 401 of the MCP server, and sends `resource` and `scope`"""
    grant = {"grant_types": ["client_credentials"], "scope": ""}
    by_key = await agents.app.create_client(
        token_endpoint_auth_method="private_key_jwt", jwks=jwks(KEY), **grant
    )
    by_secret = {
        method: await agents.app.create_client(token_endpoint_auth_method=method, **grant)
        for method in METHODS
    }
    given: dict[str, Any] = {
        "port": agents.port,
        "issuer": f"http://localhost:{agents.server.port}",
        "by_key": {
            "client_id": by_key.client_id,
            "key": KEY.key.as_pem(private=True).decode(),
        },
        **{
            method: {"client_id": client.client_id, "client_secret": client.client_secret}
            for method, client in by_secret.items()
        },
    }

    said = await _run(mcp_python, given)

    clients = {"private_key_jwt": by_key, **by_secret}
    seen = {
        name: [claims[each] for each in ("sub", "aud", "scope")] for name, claims in said.items()
    }
    assert seen == {
        name: [client.client_id, agents.resource, "read"] for name, client in clients.items()
    }


async def _run(python: Path, given: dict[str, Any]) -> Any:
    process = await asyncio.create_subprocess_exec(
        str(python),
        str(SCRIPT),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with within(60):
        output, errors = await process.communicate(json.dumps(given).encode())
    assert process.returncode == 0, errors.decode()
    return json.loads(output)
