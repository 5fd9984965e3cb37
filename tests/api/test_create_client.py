"""`POST /create_client`: machines and apps (CONTRACT.md, RFC 7591 section 2)."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.support.application import Application, TestClient
from tests.support.assertions import assert_problem

pytestmark = pytest.mark.both_databases

CALLBACK = "http://localhost:3000/callback"
CHOSEN_SECRET = "chosen-by-the-attacker-0123456789abcdef0123456789abcdef"
DEFAULT_GRANTS = ["client_credentials", "authorization_code", "password", "refresh_token"]


async def create(app: Application, **members: Any) -> httpx.Response:
    body = {"client_name": app.new_name("client"), "redirect_uri": CALLBACK, **members}
    return await app.http.post("/create_client", json=body)


async def test_a_client_gets_the_documented_defaults(app: Application) -> None:
    name = app.new_name("client")

    answer = await create(app, client_name=name)

    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert body["client_name"] == name
    assert body["redirect_uris"] == [CALLBACK]
    assert body["grant_types"] == DEFAULT_GRANTS
    assert body["response_types"] == ["code"]
    assert body["scope"] == "openid profile email offline_access"
    assert body["client_secret_expires_at"] == 0
    assert body["client_id_issued_at"] == int(app.clock.now().timestamp())


async def test_ids_and_secrets_need_no_encoding_in_urls_or_basic_headers(
    app: Application,
) -> None:
    """TRAPS: Swagger UI sends Basic unencoded"""
    client = await app.create_client()

    assert len(client.client_id) == 24
    assert client.client_id.isalnum()
    assert len(client.client_secret) >= 48
    assert not set(client.client_secret) & set("+%:/=&? ")


async def test_a_taken_name_is_a_conflict_and_the_first_client_still_works(
    app: Application,
) -> None:
    name = app.new_name("client")
    first = await app.create_client(client_name=name)

    answer = await create(app, client_name=name)

    assert_problem(answer, 409, "client_name_taken")
    assert (await app.client_credentials(first)).status_code == 200


async def test_only_one_of_ten_concurrent_clients_with_the_same_name_is_created(
    app: Application,
) -> None:
    name = app.new_name("client")

    answers = await asyncio.gather(*(create(app, client_name=name) for _ in range(10)))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 9}


async def test_mass_assignment_changes_nothing(app: Application) -> None:
    """SECURITY_BAR row 41"""
    victim = await app.create_client()

    answer = await create(
        app,
        client_id=victim.client_id,
        client_secret=CHOSEN_SECRET,
        secret_digest="00",
        is_admin=True,
        trusted=True,
        first_party=True,
        disabled_at=None,
        created_at="2000-01-01T00:00:00Z",
        client_id_issued_at=1,
        client_secret_expires_at=1,
        registration_access_token="mine",
    )

    body = answer.json()
    assert answer.status_code == 201
    assert body["client_id"] != victim.client_id
    assert body["client_secret"].startswith("postern_cs_")
    assert body["client_id_issued_at"] > 1
    assert body["client_secret_expires_at"] == 0
    assert not body.keys() & {"is_admin", "trusted", "first_party", "registration_access_token"}
    assert (await app.client_credentials(victim)).status_code == 200
    attacker = TestClient(victim.client_id, CHOSEN_SECRET)
    assert (await app.client_credentials(attacker)).status_code == 401


async def test_redirect_uri_and_redirect_uris_are_merged(app: Application) -> None:
    other = "https://app.example.com/callback"

    answer = await create(app, redirect_uris=[other, CALLBACK])

    assert answer.status_code == 201
    assert answer.json()["redirect_uris"] == [CALLBACK, other]


async def test_redirect_uris_without_redirect_uri_is_accepted(app: Application) -> None:
    answer = await create(app, redirect_uri=None, redirect_uris=[CALLBACK])

    assert answer.status_code == 201
    assert answer.json()["redirect_uris"] == [CALLBACK]


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://127.0.0.1:3000/callback",
        "http://[::1]:3000/callback",
        "https://app.example.com/callback?tenant=1",
        "com.example.app:/oauth2redirect",
    ],
)
async def test_valid_redirect_uris_are_accepted(app: Application, redirect_uri: str) -> None:
    """RFC 8252 section 7"""
    answer = await create(app, redirect_uri=redirect_uri)

    assert answer.status_code == 201
    assert answer.json()["redirect_uris"] == [redirect_uri]


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "",
        "/callback",
        "localhost",
        "//app.example.com/callback",
        "https://",
        "https:///callback",
        "https://app.example.com/callback#fragment",
        "https://app.example.com/callback#",
        "https://good@evil.example/callback",
        "https://user:password@app.example.com/",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,hello",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://app.example.com/1",
        "https://app.example.com\\@evil.example/",
        "https://app.example.com/call back",
        "https://app.example.com/\r\nSet-Cookie: a=b",
        "https://bücher.example/",
        "https://app.example.com:99999/",
        "https://[::1/",
        "https://app.example.com/" + "a" * 2000,
        5,
        {},
    ],
)
async def test_invalid_redirect_uris_are_refused(app: Application, redirect_uri: Any) -> None:
    """SECURITY_BAR rows 26 and 44; RFC 6749 section 3.1.2"""
    alone = await create(app, redirect_uri=redirect_uri)
    in_a_list = await create(app, redirect_uri=CALLBACK, redirect_uris=[redirect_uri])

    assert_problem(alone, 422, "invalid_request")
    assert_problem(in_a_list, 422, "invalid_request")


async def test_the_authorization_code_grant_requires_a_redirect_uri(app: Application) -> None:
    answer = await create(app, redirect_uri=None)

    assert_problem(answer, 422, "invalid_request")
    assert "redirect_uri" in answer.json()["errors"][0]["message"]


async def test_a_client_credentials_client_needs_no_redirect_uri_and_gets_only_its_grant(
    app: Application,
) -> None:
    answer = await create(app, redirect_uri=None, grant_types=["client_credentials"])

    client = TestClient(answer.json()["client_id"], answer.json()["client_secret"])
    assert answer.status_code == 201
    assert answer.json()["grant_types"] == ["client_credentials"]
    assert answer.json()["response_types"] == []
    assert (await app.client_credentials(client)).status_code == 200
    refused = await app.refresh(client, "postern_rt_x")
    assert refused.json()["error"] == "unauthorized_client"


@pytest.mark.parametrize(
    "grant_types",
    [["magic"], ["client_credentials", "magic"], ["implicit"], ["CLIENT_CREDENTIALS"]],
)
async def test_an_unknown_grant_type_is_refused(app: Application, grant_types: list[str]) -> None:
    answer = await create(app, grant_types=grant_types)

    assert_problem(answer, 422, "invalid_client_metadata")


async def test_a_repeated_grant_type_is_stored_once(app: Application) -> None:
    answer = await create(app, grant_types=["client_credentials", "client_credentials"])

    assert answer.json()["grant_types"] == ["client_credentials"]


@pytest.mark.parametrize(
    "scope", ["a  b", " a", "a ", 'a "b"', "a\\b", "a\nb", "a\x00b", "ä", "x" * 1001, 5, ["a"]]
)
async def test_a_malformed_scope_is_refused(app: Application, scope: Any) -> None:
    """RFC 6749 section 3.3"""
    answer = await create(app, scope=scope)

    assert_problem(answer, 422, "invalid_request")


async def test_tokens_are_limited_to_the_registered_scope(app: Application) -> None:
    client = await app.create_client(scope="orders:read orders:write orders:read")

    narrow = await app.client_credentials(client, scope="orders:read")
    default = await app.client_credentials(client)
    wide = await app.client_credentials(client, scope="orders:read profile")

    assert narrow.json()["scope"] == "orders:read"
    assert default.json()["scope"] == "orders:read orders:write"
    assert wide.json()["error"] == "invalid_scope"


async def test_a_refused_registration_does_not_reserve_the_client_name(app: Application) -> None:
    name = app.new_name("client")

    refused = await create(app, client_name=name, grant_types=["magic"])

    assert refused.status_code == 422
    assert (await create(app, client_name=name)).status_code == 201
