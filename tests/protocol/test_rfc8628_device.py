"""Device authorization (RFC 8628): what the device asks for, and what it is told."""

import asyncio

import pytest

from tests.conftest import AppFactory
from tests.protocol.devices import (
    DEVICE_CODE,
    Device,
    authorize_device,
    decide,
    device_client,
    start_device,
)
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.jwt import claims_of
from tests.support.visitor import Visitor, visiting

pytestmark = pytest.mark.both_databases


async def test_a_device_gets_a_user_code_and_a_device_code(app: Application) -> None:
    """Section 3.2"""
    response = await authorize_device(app, await device_client(app), scope="openid")

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    answer = response.json()
    shown = answer["user_code"]
    assert len(shown) == 9
    assert shown[4] == "-"
    assert set(shown) <= set("BCDFGHJKLMNPQRSTVWXZ-")
    assert answer["verification_uri"] == f"{app.settings.issuer_url}/device"
    assert answer["verification_uri_complete"] == f"{answer['verification_uri']}?user_code={shown}"
    assert answer["interval"] == 5
    assert answer["expires_in"] == 600
    assert answer["device_code"].startswith("postern_dc_")


async def test_every_device_gets_its_own_codes(app: Application) -> None:
    client = await device_client(app)

    devices = await asyncio.gather(*(start_device(app, client) for _ in range(20)))

    assert len({device.user_code for device in devices}) == 20
    assert len({device.answer["device_code"] for device in devices}) == 20


async def test_a_client_must_be_registered_for_the_device_grant(
    app: Application, client: TestClient
) -> None:
    response = await authorize_device(app, client, scope="openid")

    assert_oauth_error(response, "unauthorized_client")


async def test_a_client_with_a_wrong_secret_is_refused(app: Application) -> None:
    client = await device_client(app)
    wrong = TestClient(client.client_id, "postern_cs_" + "x" * 43)

    response = await authorize_device(app, wrong, scope="openid")

    assert_oauth_error(response, "invalid_client", status=401)


async def test_a_device_cannot_request_a_scope_its_client_did_not_register(
    app: Application,
) -> None:
    client = await device_client(app, scope="openid")

    response = await authorize_device(app, client, scope="openid email")

    assert_oauth_error(response, "invalid_scope")


async def test_a_repeated_parameter_is_refused(app: Application) -> None:
    client = await device_client(app)

    response = await app.http.post(
        "/device_authorization",
        content="scope=openid&scope=email",
        headers={"content-type": "application/x-www-form-urlencoded"},
        auth=client.auth,
    )

    assert_oauth_error(response, "invalid_request")


async def test_authorization_is_pending_until_the_user_decides(app: Application) -> None:
    """Section 3.5"""
    device = await start_device(app)

    assert_oauth_error(await device.ask(), "authorization_pending")


async def test_a_device_that_polls_too_often_must_slow_down_permanently(
    app: Application,
) -> None:
    """Section 3.5: five seconds more for this and all that follow"""
    device = await start_device(app)
    answers = []

    for seconds in (0, 4, 9, 14, 20, 19):
        app.clock.advance(seconds=seconds)
        answers.append((await device.ask()).json()["error"])

    pending, slow = "authorization_pending", "slow_down"
    assert answers == [pending, slow, slow, slow, pending, slow]


async def test_a_device_that_respects_its_interval_never_gets_slow_down(app: Application) -> None:
    device = await start_device(app)
    await device.ask()
    app.clock.advance(seconds=4)
    await device.ask()

    answers = []
    for seconds in (10, 10, 11):
        app.clock.advance(seconds=seconds)
        answers.append((await device.ask()).json()["error"])
    app.clock.advance(seconds=9)
    too_soon = await device.ask()

    assert answers == ["authorization_pending"] * 3
    assert_oauth_error(too_soon, "slow_down")


async def test_an_approved_device_gets_tokens_for_its_user(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    device = await start_device(app)
    await decide(visitor, device, user)

    response = await device.ask()

    assert response.status_code == 200
    tokens = response.json()
    assert tokens["scope"] == "openid profile"
    assert (await app.profile(tokens["access_token"])).json()["username"] == user.username
    claims = await claims_of(app, tokens["id_token"], audience=device.client.client_id)
    assert claims["amr"] == ["pwd", "otp", "mfa"]
    assert "nonce" not in claims
    assert (await app.refresh(device.client, tokens["refresh_token"])).status_code == 200


async def test_a_device_without_openid_gets_no_id_token(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    device = await start_device(app, scope="email")
    await decide(visitor, device, user)

    tokens = (await device.ask()).json()

    assert "access_token" in tokens
    assert "id_token" not in tokens


async def test_a_device_of_a_client_without_the_refresh_grant_gets_no_refresh_token(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    client = await device_client(app, grant_types=[DEVICE_CODE])
    device = await start_device(app, client)
    await decide(visitor, device, user)

    assert "refresh_token" not in (await device.ask()).json()


async def test_a_denied_device_gets_access_denied(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    device = await start_device(app)
    await decide(visitor, device, user, "deny")

    assert_oauth_error(await device.ask(), "access_denied")


@pytest.mark.parametrize("decision", [None, "allow"])
async def test_a_device_code_expires_after_its_lifetime(
    app: Application, user: TestUser, visitor: Visitor, decision: str | None
) -> None:
    """Allowed or not"""
    device = await start_device(app)
    if decision:
        await decide(visitor, device, user, decision)
    app.clock.advance(seconds=600)

    assert_oauth_error(await device.ask(), "expired_token")


async def test_the_lifetime_of_a_device_code_is_configurable(start_app: AppFactory) -> None:
    app = await start_app(device_code_ttl=60)
    device = await start_device(app)
    assert device.answer["expires_in"] == 60
    app.clock.advance(seconds=60)

    assert_oauth_error(await device.ask(), "expired_token")


async def test_a_device_code_works_only_once_under_concurrency(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 7: of thirty that ask at once, one wins"""
    device = await start_device(app)
    await decide(visitor, device, user)

    answers = await asyncio.gather(*(device.ask() for _ in range(30)))

    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    errors = {answer.json()["error"] for answer in answers if answer not in won}
    assert errors <= {"invalid_grant", "slow_down"}


async def test_a_used_device_code_is_invalid(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    device = await start_device(app)
    await decide(visitor, device, user)
    assert (await device.ask()).status_code == 200
    app.clock.advance(seconds=10)

    assert_oauth_error(await device.ask(), "invalid_grant")


async def test_the_code_of_another_client_gets_the_same_error_as_an_unknown_one(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    device, thief = await start_device(app), await device_client(app)
    await decide(visitor, device, user)

    answer = await device.ask(thief)
    unknown = await Device(app, thief, {"device_code": "postern_dc_" + "x" * 43}).ask()

    assert_oauth_error(answer, "invalid_grant")
    assert answer.json() == unknown.json()
    assert (await device.ask()).status_code == 200


@pytest.mark.parametrize("device_code", ["", "x", "postern_at_" + "x" * 43, "a\x00b", "é" * 40])
async def test_a_malformed_device_code_is_refused(app: Application, device_code: str) -> None:
    """SECURITY_BAR row 44"""
    answer = await Device(app, await device_client(app), {"device_code": device_code}).ask()

    is_text = bool(device_code) and "\x00" not in device_code
    assert_oauth_error(answer, "invalid_grant" if is_text else "invalid_request")


async def test_a_user_code_is_not_accepted_as_a_device_code(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """Section 5.2: who saw the device has only what it shows"""
    device = await start_device(app)
    await decide(visitor, device, user)

    answer = await Device(app, device.client, {"device_code": device.user_code}).ask()

    assert_oauth_error(answer, "invalid_grant")


async def test_a_public_client_needs_only_its_client_id(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    client = await device_client(app, token_endpoint_auth_method="none")
    device = await start_device(app, client)
    await decide(visitor, device, user)

    assert (await device.ask()).status_code == 200


async def test_signing_out_before_the_device_polls_invalidates_the_approval(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    device = await start_device(app)
    await decide(visitor, device, user)
    page = await visitor.get("/logout")
    await visitor.submit(page, to="/logout/confirm")

    assert_oauth_error(await device.ask(), "expired_token")


async def test_each_device_gets_the_tokens_of_the_user_who_approved_it(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """Two devices of one client at once"""
    client, other = await device_client(app), await app.enrolled_user()
    first, second = await start_device(app, client), await start_device(app, client)
    await decide(visitor, first, user)
    async with visiting(app) as somebody_else:
        await decide(somebody_else, second, other)

    names = [
        (await app.profile((await device.ask()).json()["access_token"])).json()["username"]
        for device in (first, second)
    ]

    assert names == [user.username, other.username]
