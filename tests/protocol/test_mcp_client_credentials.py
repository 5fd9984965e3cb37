"""The client credentials extension of MCP (`io.modelcontextprotocol/oauth-client-credentials`).

The requests have the shape of those of the Python SDK. `tests/foreign` runs the SDK itself.
"""

import base64
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from app.models.oauth.resources import Resource
from tests.support.application import Application, TestClient
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import ASSERTION_TYPE, SigningKey, jwks, signing_key
from tests.support.jwt import claims_of, header_of
from tests.support.resources import new_resource

PATHS = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
KEY = signing_key("RS256", "of an agent")


@pytest_asyncio.fixture
async def resource(app: Application) -> Resource:
    return await new_resource(app, token_format="jwt", signing_alg="ES256")


@pytest_asyncio.fixture
async def agent(app: Application) -> TestClient:
    return await app.create_client(
        grant_types=["client_credentials"],
        token_endpoint_auth_method="private_key_jwt",
        jwks=jwks(KEY),
        scope="",
    )


def assertion(app: Application, client: TestClient, key: SigningKey = KEY, **changes: Any) -> str:
    """Return what the SDK signs: five minutes, the issuer as `aud`, and no `kid` in the header."""
    now = int(app.clock.now().timestamp())
    claims = {
        "iss": client.client_id,
        "sub": client.client_id,
        "aud": app.settings.issuer_url,
        "exp": now + 300,
        "iat": now,
        "jti": str(uuid4()),
        **changes,
    }
    return key.sign(claims, kid=None)


async def request(app: Application, resource: Resource, **form: str) -> httpx.Response:
    return await app.http.post(
        "/token",
        data={"grant_type": "client_credentials", "resource": resource.identifier, **form},
    )


@pytest.mark.parametrize("path", PATHS)
async def test_the_metadata_lists_methods_and_algorithms(app: Application, path: str) -> None:
    """The extension: private_key_jwt or client_secret_basic, and the algorithms"""
    metadata = (await app.http.get(path)).json()

    assert {"private_key_jwt", "client_secret_basic", "client_secret_post"} <= set(
        metadata["token_endpoint_auth_methods_supported"]
    )
    assert {"RS256", "ES256", "PS256"} <= set(
        metadata["token_endpoint_auth_signing_alg_values_supported"]
    )
    assert "client_credentials" in metadata["grant_types_supported"]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_an_agent_with_a_key_gets_a_token_for_the_server(
    app: Application, resource: Resource, algorithm: str
) -> None:
    """RFC 7523 section 2.2, RFC 8707 section 2.2"""
    key = signing_key(algorithm, "of an agent")
    client = await app.create_client(
        grant_types=["client_credentials"],
        token_endpoint_auth_method="private_key_jwt",
        jwks=jwks(key),
        scope="",
    )

    response = await request(
        app,
        resource,
        client_assertion=assertion(app, client, key),
        client_assertion_type=ASSERTION_TYPE,
        scope="read",
    )

    assert response.status_code == 200, response.text
    body = response.json()
    claims = await claims_of(app, body["access_token"], audience=resource.identifier)
    assert header_of(body["access_token"])["typ"] == "at+jwt"
    assert (claims["sub"], claims["scope"]) == (client.client_id, "read")
    assert body["token_type"] == "Bearer"
    assert "refresh_token" not in body


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_an_agent_with_a_secret_gets_a_token_for_the_server(
    app: Application, resource: Resource, method: str
) -> None:
    """RFC 6749 section 2.3.1: the SDK encodes both parts of the Basic credentials"""
    client = await app.create_client(
        grant_types=["client_credentials"], token_endpoint_auth_method=method, scope=""
    )
    form = {"grant_type": "client_credentials", "resource": resource.identifier}
    headers = {}
    if method == "client_secret_basic":
        pair = ":".join(quote(each, safe="") for each in client.auth)
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form |= {"client_id": client.client_id, "client_secret": client.client_secret}

    response = await app.http.post("/token", data=form, headers=headers)

    assert response.status_code == 200, response.text
    claims = await claims_of(app, response.json()["access_token"], audience=resource.identifier)
    assert claims["scope"] == "read"  # the default of the resource


@pytest.mark.parametrize(
    "changes",
    [{"aud": "https://other.example.com"}, {"sub": "another"}, {"exp": 1}],
    ids=["audience", "subject", "expired"],
)
async def test_another_assertion_is_refused(
    app: Application, agent: TestClient, resource: Resource, changes: dict[str, Any]
) -> None:
    """SECURITY_BAR row 37"""
    refused = await request(
        app,
        resource,
        client_assertion=assertion(app, agent, **changes),
        client_assertion_type=ASSERTION_TYPE,
    )

    assert_oauth_error(refused, "invalid_client", status=401)


async def test_an_assertion_counts_once(
    app: Application, agent: TestClient, resource: Resource
) -> None:
    """SECURITY_BAR row 37: replayed jti"""
    form = {
        "client_assertion": assertion(app, agent),
        "client_assertion_type": ASSERTION_TYPE,
    }

    assert (await request(app, resource, **form)).status_code == 200
    assert_oauth_error(await request(app, resource, **form), "invalid_client", status=401)


async def test_a_scope_that_the_resource_does_not_have_is_refused(
    app: Application, agent: TestClient, resource: Resource
) -> None:
    """SECURITY_BAR row 6"""
    refused = await request(
        app,
        resource,
        client_assertion=assertion(app, agent),
        client_assertion_type=ASSERTION_TYPE,
        scope="no-such-scope",
    )

    assert_oauth_error(refused, "invalid_scope")
