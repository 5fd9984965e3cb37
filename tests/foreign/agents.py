"""A server for agents: resources that are MCP servers, and a host of clients' documents."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from tests.foreign.applications import run_with_issuer
from tests.support.application import Application
from tests.support.peer import HOST, Authority, Peer, running_peer
from tests.support.server import Server, application_of, running_server
from tests.support.waiting import eventually


class ServerForAgents(NamedTuple):
    """A running server, and the host from which it may fetch documents."""

    server: Server
    app: Application
    peer: Peer


@asynccontextmanager
async def server_for_agents(directory: Path) -> AsyncIterator[ServerForAgents]:
    """Start a server as in production: only clients of resources for agents have documents."""
    authority = Authority(directory)
    async with (
        running_peer(authority) as peer,
        running_server(
            directory,
            OUTBOUND_ALLOWED_HOSTS=HOST,
            OUTBOUND_CA_FILE=str(authority.ca_file),
            CLIENT_DOCUMENTS="agents",
        ) as server,
        application_of(server) as app,
    ):
        yield ServerForAgents(server, app, peer)


async def protect(
    server: Server, app: Application, url: str, *, name: str, scopes: Mapping[str, str]
) -> None:
    """Register an MCP server, and wait until it is known, which takes up to ten seconds."""
    options = [f"--scope={scope}={sentence}" for scope, sentence in scopes.items()]
    await run_with_issuer(server, "mcp", "protect", url, "--name", name, *options)
    client = await app.create_client(grant_types=["client_credentials"])

    async def is_known() -> bool:
        response = await app.client_credentials(client, resource=url)
        return response.status_code == 200

    await eventually(is_known)
