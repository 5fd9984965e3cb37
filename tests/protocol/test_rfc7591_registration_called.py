"""Addresses that this server calls are accepted only where it would call them, at both doors."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.protocol.registering import PRODUCTION, WEB, bearer
from tests.support.application import Application, running_application
from tests.support.databases import Databases

DOORS = ("/register", "/create_client")
NEVER_CALLED = [
    "http://app.example.com/x",
    "https://127.0.0.1:8443/x",
    "https://[::1]/x",
    "https://[::ffff:127.0.0.1]/x",
    "https://2130706433/x",
    "https://0x7f.1/x",
    "http://127.0.0.1/x",
    "https://169.254.169.254/latest/meta-data",
    "https://10.0.0.1/x",
]
NO_LIMIT = {"registration_limit": 1000}


@pytest_asyncio.fixture(scope="module", params=["development", "production"])
async def either_app(
    request: pytest.FixtureRequest, databases: Databases, database_kind: str
) -> AsyncIterator[Application]:
    url = await databases.migrated(database_kind)
    strict: dict[str, Any] = {**PRODUCTION, "dynamic_registration": "open", **NO_LIMIT}
    async with running_application(url, **strict if request.param == "production" else {}) as made:
        yield made


async def register_at(app: Application, door: str, **metadata: Any) -> httpx.Response:
    body = {"client_name": app.new_name(), "redirect_uris": [WEB], **metadata}
    token = app.settings.admin_token
    headers = bearer(token.get_secret_value()) if token and door == "/create_client" else {}
    return await app.http.post(door, json=body, headers=headers)


def assert_refused(answer: httpx.Response, door: str, error: str) -> None:
    assert answer.status_code == (400 if door == "/register" else 422), answer.text
    assert answer.json()["error"] == error


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("member", ["jwks_uri", "request_uris", "backchannel_logout_uri"])
async def test_a_uri_that_is_never_called_is_refused_and_the_error_names_the_setting(
    either_app: Application, member: str, door: str
) -> None:
    """SECURITY_BAR row 43; OpenID Connect Dynamic Client Registration section 2"""
    for uri in NEVER_CALLED:
        value = [WEB, uri] if member == "request_uris" else uri
        answer = await register_at(either_app, door, **{member: value})

        assert_refused(answer, door, "invalid_client_metadata")
        assert "OUTBOUND_ALLOWED_HOSTS" in answer.text


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("member", ["jwks_uri", "request_uris", "backchannel_logout_uri"])
async def test_public_ips_and_all_host_names_are_accepted_without_a_dns_lookup(
    either_app: Application, member: str, door: str
) -> None:
    """A name is resolved when it is called, not here"""
    for uri in ("https://93.184.215.14/x", "https://no-such-host.invalid/x"):
        value = [uri] if member == "request_uris" else uri
        answer = await register_at(either_app, door, **{member: value})

        assert answer.status_code == 201, answer.text
        assert answer.json()[member] == value


@pytest.mark.parametrize("door", DOORS)
async def test_an_allowed_host_is_accepted_even_over_http(start_app: AppFactory, door: str) -> None:
    """CONTRACT: OUTBOUND_ALLOWED_HOSTS, for closed networks"""
    app = await start_app(
        **PRODUCTION, dynamic_registration="open", outbound_allowed_hosts="10.0.0.1,keys.internal"
    )
    uris = {
        "jwks_uri": "http://keys.internal/jwks",
        "backchannel_logout_uri": "http://10.0.0.1/back",
        "request_uris": ["https://10.0.0.1/request"],
        "logo_uri": "http://keys.internal/logo.png",
    }

    answer = await register_at(app, door, **uris)

    assert answer.status_code == 201, answer.text
    assert {name: answer.json()[name] for name in uris} == uris


@pytest.mark.parametrize("door", DOORS)
async def test_a_logo_that_cannot_be_fetched_is_omitted_from_the_response(
    either_app: Application, door: str
) -> None:
    """RFC 7591 section 3.2.1: a logo is no reason to refuse a client"""
    for uri in NEVER_CALLED:
        answer = await register_at(
            either_app,
            door,
            logo_uri=uri,
            **{"logo_uri#de": uri, "logo_uri#fr": "https://app.example.com/logo.png"},
        )

        assert answer.status_code == 201, answer.text
        assert not {"logo_uri", "logo_uri#de"} & answer.json().keys()
        assert answer.json()["logo_uri#fr"] == "https://app.example.com/logo.png"


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("metadata", "in_development", "in_production"),
    [
        ({"redirect_uris": ["http://app.example.com/cb"]}, True, False),
        ({"redirect_uris": [WEB, "http://app.example.com/cb"]}, True, False),
        ({"redirect_uris": ["http://localhost:3000/cb"]}, True, True),
        ({"redirect_uris": ["http://127.0.0.1:3000/cb", "com.example.app:/cb"]}, True, True),
        ({"redirect_uris": ["com.example.app:/cb"], "application_type": "web"}, False, False),
        (
            {"redirect_uris": ["http://app.example.com/cb"], "application_type": "native"},
            False,
            False,
        ),
    ],
)
async def test_both_registration_endpoints_have_the_same_redirect_uri_rules(
    either_app: Application,
    door: str,
    metadata: dict[str, Any],
    *,
    in_development: bool,
    in_production: bool,
) -> None:
    """RFC 9700 section 2.6; SECURITY_BAR row 42"""
    is_fine = in_production if either_app.settings.is_production else in_development

    answer = await register_at(either_app, door, **metadata)

    if is_fine:
        assert answer.status_code == 201, answer.text
    else:
        assert_refused(answer, door, "invalid_redirect_uri")


async def test_clients_created_by_the_administrator_get_the_documented_defaults(
    either_app: Application,
) -> None:
    """CONTRACT: the quick start depends on them"""
    answer = await register_at(either_app, "/create_client", scope="orders:read openid")

    assert answer.json()["scope"] == "orders:read openid"
    assert answer.json()["grant_types"] == [
        "client_credentials", "authorization_code", "password", "refresh_token"
    ]  # fmt: skip
