"""Policies of clients about tokens: their lifetimes, their scope, the claims of the ID token."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.conftest import AppFactory
from tests.protocol.devices import decide, device_client, start_device
from tests.support.administration import set_policies
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.jwt import claims_of
from tests.support.people import person_with
from tests.support.visitor import Visitor, answer_in, redeem, visiting

SCOPE = "openid profile email offline_access read write"


@pytest_asyncio.fixture
async def client(app: Application) -> TestClient:
    return await app.create_client(scope=SCOPE)


async def test_the_shorter_lifetime_holds_at_every_grant(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """RFC 6749 section 5.1: `expires_in` is true"""
    device = await device_client(app)
    for each in (client, device):
        await set_policies(app, each, access_token_ttl=120)
    waiting = await start_device(app, device)
    await decide(visitor, waiting, user)

    by_code = await visitor.tokens_for(client, user, scope="openid offline_access")
    answers = [
        by_code,
        (await waiting.ask()).json(),
        (await app.password_grant(client, user)).json(),
        (await app.client_credentials(client)).json(),
        (await app.refresh(client, by_code["refresh_token"])).json(),
    ]

    assert [answer["expires_in"] for answer in answers] == [120] * 5
    app.clock.advance(seconds=119)
    actives = [await app.is_active(client, answer["access_token"]) for answer in answers[1:]]
    assert actives == [True] * 4
    app.clock.advance(seconds=1)
    actives = [await app.is_active(client, answer["access_token"]) for answer in answers]
    assert actives == [False] * 5


async def test_a_repeated_refresh_states_the_time_that_is_left(
    app: Application, client: TestClient, user: TestUser
) -> None:
    await set_policies(app, client, access_token_ttl=120)
    tokens = (await app.password_grant(client, user)).json()

    await app.refresh(client, tokens["refresh_token"])
    app.clock.advance(seconds=20)
    again = await app.refresh(client, tokens["refresh_token"])

    assert again.json()["expires_in"] == 100


@pytest_asyncio.fixture
async def short_app(start_app: AppFactory) -> AsyncIterator[Application]:
    yield await start_app(access_token_ttl=60, refresh_token_ttl=600)


async def test_a_policy_makes_no_lifetime_longer_than_the_setting(short_app: Application) -> None:
    client, user = await short_app.create_client(), await short_app.enrolled_user()
    await set_policies(short_app, client, access_token_ttl=7200, refresh_token_ttl=7200)

    tokens = (await short_app.password_grant(client, user)).json()
    short_app.clock.advance(seconds=600)

    assert tokens["expires_in"] == 60
    assert_oauth_error(await short_app.refresh(client, tokens["refresh_token"]), "invalid_grant")


async def test_a_refresh_token_expires_by_the_policy_counted_from_each_refresh(
    app: Application, client: TestClient, user: TestUser
) -> None:
    await set_policies(app, client, refresh_token_ttl=300)
    tokens = (await app.password_grant(client, user)).json()
    app.clock.advance(seconds=299)
    tokens = (await app.refresh(client, tokens["refresh_token"])).json()
    app.clock.advance(seconds=299)
    tokens = (await app.refresh(client, tokens["refresh_token"])).json()

    app.clock.advance(seconds=300)

    assert not await app.is_active(client, tokens["refresh_token"])
    assert_oauth_error(await app.refresh(client, tokens["refresh_token"]), "invalid_grant")


async def test_a_shorter_policy_holds_for_refresh_tokens_issued_before(
    app: Application, client: TestClient, user: TestUser
) -> None:
    tokens = (await app.password_grant(client, user)).json()
    app.clock.advance(seconds=301)
    assert await app.is_active(client, tokens["refresh_token"])

    await set_policies(app, client, refresh_token_ttl=300)

    assert not await app.is_active(client, tokens["refresh_token"])
    assert_oauth_error(await app.refresh(client, tokens["refresh_token"]), "invalid_grant")


async def test_no_grant_issues_a_scope_that_is_not_allowed(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    device = await device_client(app)
    allowed = ["openid", "email", "read", "admin"]  # `admin` is not registered: it is no grant
    for each in (client, device):
        await set_policies(app, each, allowed_scopes=allowed)
    waiting = await start_device(app, device, scope="openid email")
    await decide(visitor, waiting, user)

    answers = [
        await visitor.tokens_for(client, user, scope="openid email read write"),
        (await waiting.ask()).json(),
        (await app.password_grant(client, user)).json(),
        (await app.client_credentials(client)).json(),
        (await app.client_credentials(client, scope="read write")).json(),
    ]

    assert [answer["scope"] for answer in answers] == [
        "openid email read", "openid email", "email read", "email read", "read",
    ]  # fmt: skip


async def test_a_standard_scope_that_is_not_allowed_is_refused(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """RFC 6749 section 4.1.2.1: as if the client had not registered it"""
    device = await device_client(app)
    for each in (client, device):
        await set_policies(app, each, allowed_scopes=["openid"])

    assert answer_in(await visitor.authorize(client, scope="openid email"))["error"] == (
        "invalid_scope"
    )
    assert_oauth_error(await app.client_credentials(client, scope="email"), "invalid_scope")
    assert_oauth_error(await app.client_credentials(client, scope="write"), "invalid_scope")
    assert_oauth_error(await app.password_grant(client, user, scope="email"), "invalid_scope")
    refused = await app.http.post(
        "/device_authorization", data={"scope": "openid profile"}, auth=device.auth
    )
    assert_oauth_error(refused, "invalid_scope")


async def test_without_allowed_scopes_a_token_has_none(
    app: Application, client: TestClient
) -> None:
    await set_policies(app, client, allowed_scopes=[])

    assert "scope" not in (await app.client_credentials(client)).json()


async def test_a_scope_taken_away_is_gone_at_the_next_refresh(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    tokens = await visitor.tokens_for(client, user, scope=SCOPE)
    await set_policies(app, client, allowed_scopes=["openid", "offline_access", "read"])

    refused = await app.refresh(client, tokens["refresh_token"], scope="openid email")
    answer = await app.refresh(client, tokens["refresh_token"])

    assert_oauth_error(refused, "invalid_scope")
    assert answer.json()["scope"] == "openid offline_access read"
    introspected = await app.introspect(client, answer.json()["access_token"])
    assert introspected["scope"] == "openid offline_access read"


async def test_a_scope_taken_away_is_not_in_the_tokens_of_a_pending_code(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    code = await visitor.code_for(client, user, scope="openid email read")
    await set_policies(app, client, allowed_scopes=["openid", "read"])

    assert (await redeem(app, client, code)).json()["scope"] == "openid read"


async def test_a_scope_taken_away_is_not_in_the_tokens_of_a_waiting_device(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    client = await device_client(app)
    device = await start_device(app, client, scope="openid profile")
    await set_policies(app, client, allowed_scopes=["openid"])
    await decide(visitor, device, user)

    assert (await device.ask()).json()["scope"] == "openid"


async def test_the_claims_parameter_releases_nothing_beyond_the_allowed_scopes(
    app: Application, client: TestClient, visitor: Visitor
) -> None:
    """OpenID Connect Core section 5.5"""
    user = await person_with(app, email="zoe@example.com")
    await set_policies(app, client, allowed_scopes=["openid"])

    tokens = await visitor.tokens_for(
        client, user, claims='{"id_token": {"email": null}, "userinfo": {"email": null}}'
    )

    claims = await claims_of(app, tokens["id_token"], audience=client.client_id)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    userinfo = (await app.http.get("/userinfo", headers=headers)).json()
    assert "email" not in claims
    assert "email" not in userinfo


async def test_the_claims_of_the_policy_are_also_in_the_id_token(
    app: Application, client: TestClient, visitor: Visitor
) -> None:
    """OpenID Connect Core section 5.4 has them at UserInfo only"""
    user = await person_with(app, email="zoe@example.com", name="Zoë")
    await set_policies(app, client, id_token_claims=["email", "preferred_username"])

    tokens = await visitor.tokens_for(client, user, scope="openid profile email offline_access")
    refreshed = (await app.refresh(client, tokens["refresh_token"])).json()

    for each in (tokens, refreshed):
        claims = await claims_of(app, each["id_token"], audience=client.client_id)
        assert claims["email"] == "zoe@example.com"
        assert claims["preferred_username"] == user.username
        assert "name" not in claims


async def test_the_claims_of_the_policy_require_their_scope(
    app: Application, client: TestClient, visitor: Visitor
) -> None:
    """The user did not consent to them"""
    user = await person_with(app, email="zoe@example.com")
    await set_policies(app, client, id_token_claims=["email"])

    tokens = await visitor.tokens_for(client, user, scope="openid profile")

    claims = await claims_of(app, tokens["id_token"], audience=client.client_id)
    assert "email" not in claims


async def test_a_device_gets_the_claims_of_the_policy(app: Application, visitor: Visitor) -> None:
    client, user = await device_client(app), await person_with(app, email="zoe@example.com")
    await set_policies(app, client, id_token_claims=["email"])
    device = await start_device(app, client, scope="openid email")
    await decide(visitor, device, user)

    id_token = (await device.ask()).json()["id_token"]

    claims = await claims_of(app, id_token, audience=client.client_id)
    assert claims["email"] == "zoe@example.com"


async def test_policies_of_one_client_do_not_concern_others(
    app: Application, client: TestClient, other_client: TestClient, user: TestUser
) -> None:
    await set_policies(app, client, access_token_ttl=60, allowed_scopes=[])

    async with visiting(app) as visitor:
        tokens = await visitor.tokens_for(other_client, user)

    assert tokens["expires_in"] == app.settings.access_token_ttl
    assert tokens["scope"] == "openid"
