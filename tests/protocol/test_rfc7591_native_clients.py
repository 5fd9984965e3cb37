"""Native clients register as they really do (RFC 7591, RFC 8252, decision 0016)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.protocol.registering import (
    PRODUCTION,
    WEB,
    body_of,
    client_of,
    manage,
    register,
    registered,
)
from tests.support.application import Application, running_application
from tests.support.assertions import assert_oauth_error
from tests.support.databases import Databases

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
CODE_AND_REFRESH = ["authorization_code", "refresh_token"]
LOOPBACK = "http://127.0.0.1:33418/"
REGISTRATIONS: dict[str, dict[str, Any]] = {
    "Claude Code": {
        "application_type": "native",
        "redirect_uris": ["http://localhost:3118/callback"],
    },
    "Codex": {
        "application_type": "native",
        "redirect_uris": ["http://127.0.0.1:49152/callback/7f3a"],
    },
    "GitHub Copilot CLI": {"redirect_uris": [LOOPBACK]},
    "Cursor": {
        "redirect_uris": [
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "https://www.cursor.com/agents/mcp/oauth/callback",
            "http://localhost:8787/callback",
        ],
    },
    "opencode": {
        "client_uri": "https://opencode.ai",
        "redirect_uris": ["http://127.0.0.1:19876/mcp/oauth/callback"],
    },
    "Visual Studio Code": {
        "client_uri": "https://code.visualstudio.com",
        "application_type": "native",
        "grant_types": [*CODE_AND_REFRESH, DEVICE],
        "redirect_uris": [
            "https://insiders.vscode.dev/redirect",
            "https://vscode.dev/redirect",
            "http://127.0.0.1/",
            LOOPBACK,
        ],
    },
}
"""What MCP clients sent in November 2026."""


@pytest_asyncio.fixture(scope="module")
async def strict_app(databases: Databases, database_kind: str) -> AsyncIterator[Application]:
    """Open, and in production."""
    url = await databases.migrated(database_kind)
    async with running_application(url, **PRODUCTION, dynamic_registration="open") as made:
        yield made


@pytest.mark.parametrize("name", REGISTRATIONS)
async def test_real_world_native_clients_can_register(
    app: Application, strict_app: Application, name: str
) -> None:
    """RFC 7591 section 3.2.1: the answer says what is in force"""
    body = {
        "client_name": name,
        "grant_types": CODE_AND_REFRESH,
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        **REGISTRATIONS[name],
    }
    for each in (app, strict_app):
        made = await registered(each, **body)

        assert made["application_type"] == "native"
        assert {member: made[member] for member in body} == body


@pytest.mark.parametrize(
    ("redirect_uris", "application_type"),
    [
        ([WEB], "web"),
        ([WEB, LOOPBACK], "native"),
        ([WEB, "myapp://callback"], "native"),
        ([LOOPBACK], "native"),
    ],
)
async def test_a_client_with_a_redirect_uri_that_is_not_https_is_native(
    app: Application, redirect_uris: list[str], application_type: str
) -> None:
    """RFC 7591 section 3.2.1"""
    made = await registered(app, redirect_uris=redirect_uris)

    assert made["application_type"] == application_type


@pytest.mark.parametrize("redirect_uri", [WEB, LOOPBACK, "http://app.example.com/cb"])
async def test_sending_the_registration_response_back_changes_nothing(
    app: Application, redirect_uri: str
) -> None:
    """RFC 7592 section 2.2: clients send back what they read"""
    made = await registered(app, redirect_uris=[redirect_uri])

    answer = await manage(app, "PUT", made, made)

    assert answer.status_code == 200, answer.text
    assert answer.json() == {name: made[name] for name in made if name != "client_secret"}


async def test_empty_strings_are_treated_as_absent(app: Application) -> None:
    """Serializers of clients write them for members that were not set"""
    empty = dict.fromkeys(
        (
            "client_name", "client_uri", "logo_uri", "tos_uri", "policy_uri", "jwks_uri", "scope",
            "software_id", "application_type", "subject_type", "sector_identifier_uri",
            "token_endpoint_auth_method", "initiate_login_uri", "backchannel_logout_uri",
            "client_name#de", "client_secret", "require_pkce",
        ),
        "",
    )  # fmt: skip

    made = await registered(app, **empty)
    updated = await manage(app, "PUT", made, {**body_of(made), **empty})

    assert "" not in made.values()
    assert made["scope"] == "openid profile email address phone offline_access"
    assert updated.status_code == 200, updated.text
    again = await app.http.post("/introspect", data={"token": "x"}, auth=client_of(made).auth)
    assert again.status_code == 200


@pytest.mark.parametrize(
    ("asked", "grant_types", "response_types"),
    [
        ({"grant_types": ["implicit", "authorization_code"]}, ["authorization_code"], ["code"]),
        (
            {"grant_types": [*CODE_AND_REFRESH, "urn:ietf:params:oauth:grant-type:saml2-bearer"]},
            CODE_AND_REFRESH,
            ["code"],
        ),
        ({"response_types": ["code", "code id_token", "token"]}, ["authorization_code"], ["code"]),
    ],
)
async def test_unsupported_grant_and_response_types_are_dropped(
    app: Application, asked: dict[str, Any], grant_types: list[str], response_types: list[str]
) -> None:
    """RFC 7591 section 3.2.1: the server may replace what was asked for, and says so"""
    made = await registered(app, **asked)
    updated = (await manage(app, "PUT", made, body_of(made, **asked))).json()

    for answer in (made, updated):
        assert answer["grant_types"] == grant_types
        assert answer["response_types"] == response_types


@pytest.mark.parametrize(
    "asked", [{"grant_types": ["implicit"]}, {"response_types": ["token", "id_token"]}]
)
async def test_a_client_without_any_supported_grant_or_response_type_is_refused(
    app: Application, asked: dict[str, Any]
) -> None:
    """RFC 7591 section 3.2.2"""
    assert_oauth_error(await register(app, **asked), "invalid_client_metadata")


async def test_the_error_says_how_to_fix_the_redirect_uri(strict_app: Application) -> None:
    answer = await register(strict_app, redirect_uris=["http://app.example.com/cb"])

    assert_oauth_error(answer, "invalid_redirect_uri")
    assert "Use https, http on localhost" in answer.json()["error_description"]


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        ("openid mcp:tools profile", "openid profile"),
        ("mcp:tools", "openid profile email address phone offline_access"),
    ],
)
async def test_unknown_scope_names_are_dropped(app: Application, asked: str, granted: str) -> None:
    """RFC 6749 section 3.3: the answer names what was granted"""
    assert (await registered(app, scope=asked))["scope"] == granted


async def test_an_update_preserves_scope_names_already_registered_by_the_client(
    app: Application, start_app: AppFactory
) -> None:
    """A name is known if it is ours or in this client's registered scope"""
    made = await registered(app, scope="openid")
    from sqlalchemy import update as sql_update

    from app.models.clients.clients import clients
    from tests.support.parts import services_of

    await services_of(app).core.database.change(
        sql_update(clients)
        .where(clients.c.client_id == made["client_id"])
        .values(scope="openid orders:read")
        .returning(clients.c.client_id)
    )

    answer = await manage(app, "PUT", made, body_of(made, scope="openid orders:read orders:write"))

    assert answer.json()["scope"] == "openid orders:read"


@pytest.mark.parametrize("door", ["/register", "/create_client"])
async def test_a_client_without_a_chosen_method_may_use_basic_and_the_form(
    app: Application, door: str
) -> None:
    """RFC 7591 section 2; a PUT that repeats the answer takes the body not away"""
    body = {"client_name": app.new_name(), "redirect_uris": [WEB]}
    made = (await app.http.post(door, json=body)).json()
    assert made["token_endpoint_auth_method"] == "client_secret_basic"
    if door == "/register":
        assert (await manage(app, "PUT", made, made)).status_code == 200

    for method in (
        {"auth": client_of(made).auth},
        {"data": {"client_id": made["client_id"], "client_secret": made["client_secret"]}},
    ):
        form = {"token": "x", **method.pop("data", {})}  # type: ignore[dict-item]
        answer = await app.http.post("/introspect", data=form, **method)  # type: ignore[arg-type]
        assert answer.status_code == 200


async def test_a_client_that_chose_basic_can_use_only_basic(app: Application) -> None:
    """CONTRACT"""
    made = await registered(app, token_endpoint_auth_method="client_secret_basic")
    await manage(app, "PUT", made, made)

    answer = await app.http.post(
        "/introspect",
        data={
            "token": "x", "client_id": made["client_id"], "client_secret": made["client_secret"]
        },
    )  # fmt: skip

    assert_oauth_error(answer, "invalid_client", status=401)
