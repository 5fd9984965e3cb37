"""Authorization server metadata (RFC 8414)."""

from typing import Any

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from tests.conftest import AppFactory
from tests.support.application import Application, TestClient

PATH = "/.well-known/oauth-authorization-server"
PRODUCTION = {
    "app_env": "production",
    "issuer": "https://login.example.com/",
    "admin_token": "an-operators-own-word-Tg5Wq8Zr1-Hd7",
}


async def _metadata(app: Application, **request: Any) -> dict[str, Any]:
    response = await app.http.get(PATH, **request)
    assert response.status_code == 200
    body: dict[str, Any] = response.json()
    return body


async def test_the_metadata_passes_the_validator_of_authlib(start_app: AppFactory) -> None:
    """RFC 8414 section 2"""
    app = await start_app(**PRODUCTION)
    metadata = AuthorizationServerMetadata(await _metadata(app))

    metadata.validate()


async def test_the_issuer_is_exactly_the_configured_one(start_app: AppFactory) -> None:
    """RFC 8414 section 3.3; RFC 8414 section 2: no slash at its end to compare away"""
    app = await start_app(**PRODUCTION)

    metadata = await _metadata(app)

    assert metadata["issuer"] == "https://login.example.com"
    assert metadata["token_endpoint"] == "https://login.example.com/token"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
        {"Forwarded": "host=evil.example;proto=https"},
    ],
    ids=lambda headers: next(iter(headers)),
)
async def test_host_headers_do_not_change_the_metadata(
    app: Application, headers: dict[str, str]
) -> None:
    """SECURITY_BAR row 33"""
    expected = await _metadata(app)

    metadata = await _metadata(app, headers=headers)

    assert metadata == expected
    assert metadata["issuer"] == app.settings.issuer_url


async def test_every_listed_endpoint_exists(app: Application, client: TestClient) -> None:
    """RFC 8414 section 2: none is 404, and each is read or refused in its own words"""
    metadata = await _metadata(app)
    addresses = {
        name: url.removeprefix(metadata["issuer"])
        for name, url in metadata.items()
        if name.endswith(("_endpoint", "_uri"))
    }
    assert len(addresses) >= 10

    for name, path in addresses.items():
        answers = [
            (await app.http.get(path)).status_code,
            (await app.http.post(path, data={"token": "nothing"}, auth=client.auth)).status_code,
        ]
        assert 404 not in answers, name
        assert any(status not in (404, 405, 500) for status in answers), name


async def test_the_listed_grants_are_supported_and_include_the_documented_ones(
    app: Application, client: TestClient
) -> None:
    """RFC 8414 section 2: grant_types_supported"""
    metadata = await _metadata(app)

    grant_types = metadata["grant_types_supported"]
    errors = {
        grant_type: (await app.token(client, grant_type=grant_type)).json().get("error")
        for grant_type in grant_types
    }

    assert {"client_credentials", "password", "refresh_token"} <= set(grant_types)
    assert "unsupported_grant_type" not in errors.values()


async def test_the_listed_authentication_methods_can_be_registered(app: Application) -> None:
    """RFC 8414 section 2: token_endpoint_auth_methods_supported"""
    metadata = await _metadata(app)
    methods = metadata["token_endpoint_auth_methods_supported"]
    assert {"client_secret_basic", "client_secret_post", "none"} <= set(methods)

    for method in methods:
        await app.create_client(token_endpoint_auth_method=method, jwks={"keys": []})


async def test_introspection_does_not_list_public_client_authentication(app: Application) -> None:
    """RFC 7662 section 2.1"""
    metadata = await _metadata(app)

    assert "none" not in metadata["introspection_endpoint_auth_methods_supported"]
    assert "none" in metadata["revocation_endpoint_auth_methods_supported"]


async def test_the_listed_scopes_can_be_granted(app: Application) -> None:
    """RFC 8414 section 2: scopes_supported"""
    scope = " ".join((await _metadata(app))["scopes_supported"])
    client = await app.create_client(scope=scope)

    answer = await app.client_credentials(client, scope=scope)

    assert answer.json()["scope"] == scope


async def test_every_origin_can_read_the_metadata(app: Application) -> None:
    """SECURITY_BAR row 46: without credentials"""
    response = await app.http.get(PATH, headers={"Origin": "https://app.example"})

    assert response.headers["content-type"] == "application/json"
    assert response.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in response.headers


async def test_disabled_documentation_is_not_listed(start_app: AppFactory) -> None:
    """SECURITY_BAR row 47"""
    app = await start_app(docs=False)

    assert "service_documentation" not in await _metadata(app)
    assert (await app.http.get("/docs")).status_code == 404
