"""When a refresh token is worth nothing (RFC 6749 section 6, RFC 9700 section 4.14.2)."""

import asyncio

import pytest

from app.services.operations.authority import FULL
from app.wiring import Services
from tests.conftest import AppFactory
from tests.protocol.wire import answer_of
from tests.support.administration import reset_otp, reset_password, set_user_disabled
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error

pytestmark = pytest.mark.both_databases

DAY = 86_400


async def test_the_token_of_another_client_is_refused_and_remains_valid_for_its_owner(
    app: Application, client: TestClient, other_client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9"""
    first = (await app.password_grant(client, user)).json()

    stolen = await app.refresh(other_client, first["refresh_token"])
    by_its_owner = await app.refresh(client, first["refresh_token"])

    assert_oauth_error(stolen, "invalid_grant")
    assert by_its_owner.status_code == 200


async def test_a_replay_by_another_client_revokes_nothing(
    app: Application, client: TestClient, other_client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9: a stranger with an old token cannot log its owner out"""
    first = (await app.password_grant(client, user)).json()
    second = (await app.refresh(client, first["refresh_token"])).json()
    app.clock.advance(seconds=31)

    replay = await app.refresh(other_client, first["refresh_token"])

    assert_oauth_error(replay, "invalid_grant")
    assert await app.is_active(client, second["access_token"])


async def test_a_client_that_is_not_registered_for_the_grant_is_refused(app: Application) -> None:
    """SECURITY_BAR row 5"""
    client = await app.create_client(grant_types=["password", "client_credentials"])

    answer = await app.refresh(client, "postern_rt_nothing")

    assert_oauth_error(answer, "unauthorized_client")


async def test_the_error_names_a_missing_token(app: Application, client: TestClient) -> None:
    """SECURITY_BAR row 1"""
    answer = await app.refresh(client, "")

    assert_oauth_error(answer, "invalid_request")
    assert "refresh_token" in answer.json()["error_description"]


async def test_everything_that_is_not_a_refresh_token_gets_the_same_error(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 36: an access token at /token, and whatever else"""
    pair = (await app.password_grant(client, user)).json()
    machine = (await app.client_credentials(client)).json()["access_token"]
    secret_part = pair["refresh_token"].removeprefix("postern_rt_")
    attempts = [
        pair["access_token"],
        pair["access_token"].replace("_at_", "_rt_"),
        machine,
        client.client_secret,
        "postern_rt_",
        "postern_rt_!",
        "postern_rt_" + "=" * 50,
        "postern_rt_é" + secret_part,
        secret_part,
        pair["refresh_token"] + "x",
        pair["refresh_token"][:-1],
        pair["refresh_token"].upper(),
        "x" * 60_000,
        "' OR 1=1 --",
    ]

    answers = [await app.refresh(client, attempt) for attempt in attempts]

    for answer in answers:
        assert_oauth_error(answer, "invalid_grant")
        assert answer_of(answer) == answer_of(answers[0])
    assert (await app.refresh(client, pair["refresh_token"])).status_code == 200


async def test_a_refresh_token_expires_after_thirty_idle_days(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR values: 30 days idle"""
    kept = (await app.password_grant(client, user)).json()
    left = (await app.password_grant(client, user)).json()

    app.clock.advance(seconds=30 * DAY - 1)
    within = await app.refresh(client, kept["refresh_token"])
    app.clock.advance(seconds=1)
    beyond = await app.refresh(client, left["refresh_token"])

    assert within.status_code == 200
    assert_oauth_error(beyond, "invalid_grant")


async def test_a_family_expires_after_ninety_days_even_if_it_is_used(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR values: 90 days absolute"""
    pair = (await app.password_grant(client, user)).json()
    for _ in range(3):
        app.clock.advance(seconds=30 * DAY - 10)
        pair = (await app.refresh(client, pair["refresh_token"])).json()
    assert pair["expires_in"] == 30  # what is left of the family's time
    living = await app.introspect(client, pair["refresh_token"])
    assert living["exp"] - living["iat"] == 30

    app.clock.advance(seconds=30)

    assert_oauth_error(await app.refresh(client, pair["refresh_token"]), "invalid_grant")
    assert not await app.is_active(client, pair["access_token"])


async def test_the_lifetimes_are_configurable(start_app: AppFactory) -> None:
    """CONTRACT: REFRESH_TOKEN_TTL"""
    app = await start_app(refresh_token_ttl=100, refresh_token_max_ttl=150)
    client, user = await app.create_client(), await app.enrolled_user()
    first = (await app.password_grant(client, user)).json()
    assert first["expires_in"] == 150  # no access token outlives its family
    app.clock.advance(seconds=99)
    second = (await app.refresh(client, first["refresh_token"])).json()
    app.clock.advance(seconds=51)

    third = await app.refresh(client, second["refresh_token"])

    assert_oauth_error(third, "invalid_grant")


async def test_a_revoked_token_and_its_successors_are_refused(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9: after revocation"""
    first = (await app.password_grant(client, user)).json()
    second = (await app.refresh(client, first["refresh_token"])).json()
    await app.revoke(client, first["refresh_token"])

    answers = [
        await app.refresh(client, first["refresh_token"]),
        await app.refresh(client, second["refresh_token"]),
    ]

    for answer in answers:
        assert_oauth_error(answer, "invalid_grant")


@pytest.mark.parametrize("change", ["password", "otp"])
async def test_a_reset_by_the_operator_revokes_the_tokens_of_every_sign_in(
    app: Application, client: TestClient, user: TestUser, operator: Services, change: str
) -> None:
    """SECURITY_BAR row 9: after a change of the password"""
    pair = (await app.password_grant(client, user)).json()
    used = (await app.password_grant(client, user)).json()
    await app.refresh(client, used["refresh_token"])

    if change == "password":
        await reset_password(operator, user.username, "another battery staple")
    else:
        await reset_otp(operator, user.username)

    assert_oauth_error(await app.refresh(client, pair["refresh_token"]), "invalid_grant")
    assert_oauth_error(await app.refresh(client, used["refresh_token"]), "invalid_grant")
    assert not await app.is_active(client, pair["access_token"])
    assert_oauth_error(await app.profile(pair["access_token"]), "invalid_token", status=401)
    assert_oauth_error(await app.password_grant(client, user), "invalid_grant")


async def test_the_new_password_signs_in_after_a_reset(
    app: Application, client: TestClient, user: TestUser, operator: Services
) -> None:
    """SECURITY_BAR row 9"""
    await reset_password(operator, user.username, "another battery staple")

    answer = await app.password_grant(client, user, password="another battery staple")

    assert answer.status_code == 200
    assert await app.is_active(client, answer.json()["access_token"])


async def test_the_tokens_of_a_disabled_user_are_invalid(
    app: Application, client: TestClient, user: TestUser, operator: Services
) -> None:
    """SECURITY_BAR row 9"""
    pair = (await app.password_grant(client, user)).json()

    await set_user_disabled(operator, user.username, disabled=True)

    assert_oauth_error(await app.refresh(client, pair["refresh_token"]), "invalid_grant")
    assert not await app.is_active(client, pair["access_token"])
    assert not await app.is_active(client, pair["refresh_token"])
    assert_oauth_error(await app.profile(pair["access_token"]), "invalid_token", status=401)


async def test_the_refresh_tokens_of_a_disabled_client_are_invalid(
    app: Application,
    client: TestClient,
    other_client: TestClient,
    user: TestUser,
    operator: Services,
) -> None:
    """SECURITY_BAR row 3"""
    pair = (await app.password_grant(client, user)).json()

    await operator.clients.administration.set_disabled(
        client.client_id, disabled=True, authority=FULL
    )

    refused = await app.refresh(client, pair["refresh_token"])
    assert_oauth_error(refused, "invalid_client", status=401)
    assert not await app.is_active(other_client, pair["access_token"])


async def test_a_revocation_concurrent_with_refreshes_leaves_no_valid_token(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """ARCHITECTURE decision 4: a token lives only while its family does"""
    first = (await app.password_grant(client, user)).json()

    *answers, revoked = await asyncio.gather(
        *(app.refresh(client, first["refresh_token"]) for _ in range(10)),
        app.revoke(client, first["refresh_token"]),
    )

    assert revoked.status_code == 200
    for answer in answers:
        if answer.status_code == 200:
            pair = answer.json()
            assert not await app.is_active(client, pair["access_token"])
            assert_oauth_error(await app.refresh(client, pair["refresh_token"]), "invalid_grant")
        else:
            assert_oauth_error(answer, "invalid_grant")
    assert_oauth_error(await app.refresh(client, first["refresh_token"]), "invalid_grant")


async def test_a_replay_concurrent_with_a_legitimate_refresh_revokes_the_family(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9; whoever of the two comes first, nothing of the family lives on"""
    first = (await app.password_grant(client, user)).json()
    second = (await app.refresh(client, first["refresh_token"])).json()
    app.clock.advance(seconds=31)

    replay, rightful = await asyncio.gather(
        app.refresh(client, first["refresh_token"]), app.refresh(client, second["refresh_token"])
    )

    assert_oauth_error(replay, "invalid_grant")
    if rightful.status_code == 200:
        third = rightful.json()
        assert not await app.is_active(client, third["access_token"])
        assert_oauth_error(await app.refresh(client, third["refresh_token"]), "invalid_grant")
