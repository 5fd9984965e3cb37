"""openid-client (certified) as a FAPI 2.0 client of a server that serves nothing else."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.foreign.person import CALLBACK, person_at
from tests.foreign.test_node_clients import walk
from tests.support.admin_api import ADMIN_TOKEN
from tests.support.application import Application
from tests.support.client_jwts import jwks, signing_key
from tests.support.server import Server, application_of, running_server

KEY = signing_key("ES256", "of a bank")


@pytest_asyncio.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    variables = {"PROFILE": "fapi2", "ADMIN_TOKEN": ADMIN_TOKEN}
    async with running_server(directory, **variables) as running:
        yield running


@pytest_asyncio.fixture(scope="module")
async def app(server: Server) -> AsyncIterator[Application]:
    async with application_of(server) as made:
        yield made


async def test_openid_client_completes_a_flow_under_the_profile(
    server: Server, app: Application, node_packages: Path
) -> None:
    """FAPI 2.0 Security Profile (Final): PAR, private_key_jwt and DPoP"""
    created = await app.http.post(
        "/create_client",
        json={
            "client_name": "Bank",
            "redirect_uri": CALLBACK,
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": jwks(KEY),
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        },
        headers={"Authorization": f"Bearer {ADMIN_TOKEN}"},
    )
    assert created.status_code == 201, created.text
    issuer, client_id = f"http://localhost:{server.port}", created.json()["client_id"]
    async with person_at(server, app) as person:
        said = await walk(
            node_packages,
            "fapi-openid-client.mjs",
            person,
            issuer,
            CALLBACK,
            client_id,
            json.dumps(KEY.private),
        )

    assert said == {
        "metadata": [True, ["PS256", "ES256", "EdDSA"], ["private_key_jwt"]],
        "request": ["client_id", "request_uri"],
        "tokens": ["dpop", "PS256", False],
        "refresh": [True, person.user.username],
        "client credentials": "dpop",
        "refused": ["invalid_dpop_proof", "invalid_request", "unsupported_grant_type"],
        "done": True,
    }
