"""How many authorization requests of strangers are stored (`AUTHORIZATION_REQUEST_LIMIT`)."""

import httpx
import pytest

from tests.protocol.test_request_bounds import push
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.parts import count, services_of
from tests.support.visitor import CHALLENGE, REDIRECT_URI, Visitor, query

pytestmark = pytest.mark.both_databases

LIMIT = 5
APP_SETTINGS = {"authorization_request_limit": LIMIT, "trusted_proxies": ("127.0.0.0/8",)}


@pytest.fixture
def network(app: Application) -> dict[str, str]:
    """A caller from a network of its own."""
    return {"x-forwarded-for": app.new_address(), "accept": "text/html"}


async def ask(app: Application, client: TestClient, headers: dict[str, str]) -> httpx.Response:
    app.http.cookies.clear()
    return await app.http.get(f"/authorize?{query(client)}", headers=headers)


async def test_a_network_can_store_a_limited_number_of_requests_per_minute(
    app: Application, client: TestClient, network: dict[str, str]
) -> None:
    """SECURITY_BAR row 50; also by POST, and a page that says so"""
    first = [await ask(app, client, network) for _ in range(LIMIT)]
    stored = await count(services_of(app).core.database, "authorization_requests")

    refused = await ask(app, client, network)
    posted = await app.http.post(
        "/authorize",
        content=query(client),
        headers={**network, "content-type": "application/x-www-form-urlencoded"},
    )
    other = await ask(app, client, {**network, "x-forwarded-for": app.new_address()})

    assert {each.status_code for each in first} == {303}
    assert (refused.status_code, posted.status_code, other.status_code) == (429, 429, 303)
    assert int(refused.headers["retry-after"]) > 0
    assert await count(services_of(app).core.database, "authorization_requests") == stored + 1
    app.clock.advance(seconds=120)
    assert (await ask(app, client, network)).status_code == 303


async def test_ipv6_callers_are_counted_by_their_64_bit_prefix(
    app: Application, client: TestClient, network: dict[str, str]
) -> None:
    """SECURITY_BAR row 24"""
    answers = [
        await ask(app, client, {**network, "x-forwarded-for": f"2001:db8:7:1::{number + 1:x}"})
        for number in range(LIMIT + 1)
    ]

    assert [each.status_code for each in answers] == [303] * LIMIT + [429]


async def test_a_browser_with_a_session_is_not_counted(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor, network: dict[str, str]
) -> None:
    """A user at a large company is not refused"""
    visitor.http.headers["x-forwarded-for"] = network["x-forwarded-for"]
    await visitor.tokens_for(client, user)

    answers = [await visitor.authorize(client, prompt="consent") for _ in range(LIMIT + 2)]

    assert {each.status_code for each in answers} == {200}


async def test_pushed_requests_are_counted_per_client(
    app: Application, client: TestClient, network: dict[str, str]
) -> None:
    """RFC 9126: ten times as many, wherever they come from"""
    app.http.headers["x-forwarded-for"] = network["x-forwarded-for"]
    answers = [await push(app, client) for _ in range(10 * LIMIT)]
    refused = await push(app, client)
    other = await push(app, await app.create_client())
    del app.http.headers["x-forwarded-for"]

    assert {each.status_code for each in answers} == {201}
    assert_oauth_error(refused, "too_many_requests", status=429)
    assert int(refused.headers["retry-after"]) > 0
    assert other.status_code == 201


async def test_public_clients_share_the_limit_of_their_network(
    app: Application, network: dict[str, str]
) -> None:
    """Anybody may be a public client: pushed requests and devices alike"""
    device_code = "urn:ietf:params:oauth:grant-type:device_code"
    public = await app.create_client(
        token_endpoint_auth_method="none", grant_types=[device_code, "authorization_code"]
    )
    request = {
        "client_id": public.client_id,
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }

    answers = [await app.http.post("/par", data=request, headers=network) for _ in range(LIMIT)]
    device = await app.http.post(
        "/device_authorization", data={"client_id": public.client_id}, headers=network
    )

    assert {each.status_code for each in answers} == {201}
    assert_oauth_error(device, "too_many_requests", status=429)
