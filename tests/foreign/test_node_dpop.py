"""openid-client (certified) and oauth4webapi with tokens bound to a key, and nonces demanded."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.foreign.person import CALLBACK, person_at
from tests.foreign.test_node_clients import walk
from tests.support.application import Application, TestClient
from tests.support.server import Server, application_of, running_server


@pytest_asyncio.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    async with running_server(directory, DPOP_NONCE="required") as running:
        yield running


@pytest_asyncio.fixture(scope="module")
async def app(server: Server) -> AsyncIterator[Application]:
    async with application_of(server) as made:
        yield made


@pytest_asyncio.fixture
async def client(app: Application) -> TestClient:
    return await app.create_client(
        grant_types=["authorization_code", "refresh_token", "client_credentials"],
        token_endpoint_auth_method="client_secret_post",
        dpop_bound_access_tokens=True,
    )


async def test_openid_client_uses_bound_tokens(
    server: Server, app: Application, client: TestClient, node_packages: Path
) -> None:
    """RFC 9449, with the keys that the library can make"""
    async with person_at(server, app) as person:
        issuer = f"http://localhost:{server.port}"
        credentials = (client.client_id, client.client_secret)

        said = await walk(
            node_packages, "dpop-openid-client.mjs", person, issuer, CALLBACK, *credentials
        )

    expected = ["dpop", "dpop", person.user.username, True, "dpop", True]
    assert said == {
        "algorithms": True,
        **dict.fromkeys(("ES256", "Ed25519", "PS256"), expected),
        "done": True,
    }


async def test_oauth4webapi_repeats_requests_with_a_nonce(
    server: Server, app: Application, client: TestClient, node_packages: Path
) -> None:
    """RFC 9449 sections 7.2, 8 and 9"""
    async with person_at(server, app) as person:
        issuer = f"http://localhost:{server.port}"
        credentials = (client.client_id, client.client_secret)

        said = await walk(
            node_packages, "dpop-oauth4webapi.mjs", person, issuer, CALLBACK, *credentials
        )

    assert said == {
        "token": "dpop",
        "nonces": [400],
        "profile": True,
        "as a bearer token": [["dpop", "invalid_token"]],
        "done": True,
    }
