"""Authorization code grant (RFC 6749 section 4.1) with PKCE (RFC 7636)."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.support.administration import reset_password, set_user_disabled
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.visitor import VERIFIER, Visitor, redeem

pytestmark = pytest.mark.both_databases

NO_PKCE = {"code_challenge": None, "code_challenge_method": None}


async def test_a_code_yields_tokens_for_the_user_who_signed_in(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    code = await visitor.code_for(client, user, scope="openid profile")

    answer = await redeem(app, client, code)

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["scope"] == "openid profile"
    profile = await app.profile(answer.json()["access_token"])
    assert profile.json()["username"] == user.username


async def test_a_second_use_is_refused_and_revokes_the_tokens_of_the_first(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 7; RFC 6749 section 4.1.2"""
    code = await visitor.code_for(client, user)
    first = (await redeem(app, client, code)).json()
    rotated = (await app.refresh(client, first["refresh_token"])).json()

    second = await redeem(app, client, code)

    assert_oauth_error(second, "invalid_grant")
    assert not await app.is_active(client, first["access_token"])
    assert not await app.is_active(client, rotated["access_token"])
    assert_oauth_error(await app.refresh(client, rotated["refresh_token"]), "invalid_grant")


async def test_only_one_of_thirty_concurrent_redemptions_succeeds(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 7"""
    code = await visitor.code_for(client, user)

    answers = await asyncio.gather(*(redeem(app, client, code) for _ in range(30)))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 29}
    (won,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert not await app.is_active(client, won["access_token"])  # it was used twice


@pytest.mark.parametrize(
    "form",
    [
        {"redirect_uri": "http://localhost:3000/other"},
        {"redirect_uri": "http://localhost:3000/callback/"},
        {"code_verifier": None},
        {"code_verifier": "w" * 43},
        {"code_verifier": VERIFIER + "\n"},
        {"code_verifier": VERIFIER[:20]},
        {"code": "postern_ac_nothing"},
        {"code": "postern_rt_nothing"},
    ],
    ids=str,
)
async def test_parameters_that_do_not_match_the_code_are_refused(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor, form: dict[str, Any]
) -> None:
    """SECURITY_BAR rows 7 and 8"""
    code = await visitor.code_for(client, user)

    answer = await redeem(app, client, **{"code": code, **form})

    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_grant", "invalid_request")


async def test_a_wrong_verifier_does_not_consume_the_code(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """Who guesses cannot take the code from its owner."""
    code = await visitor.code_for(client, user)
    await redeem(app, client, code, code_verifier="w" * 43)

    assert (await redeem(app, client, code)).status_code == 200


async def test_the_code_of_another_client_is_refused(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 7"""
    code = await visitor.code_for(client, user)
    other = await app.create_client()

    assert_oauth_error(await redeem(app, other, code), "invalid_grant")
    assert (await redeem(app, client, code)).status_code == 200


async def test_a_code_expires_after_a_minute(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 7"""
    code = await visitor.code_for(client, user)
    app.clock.advance(seconds=60)

    assert_oauth_error(await redeem(app, client, code), "invalid_grant")


async def test_an_oauth_2_1_client_may_omit_the_redirect_uri(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    code = await visitor.code_for(client, user)

    assert (await redeem(app, client, code, redirect_uri=None)).status_code == 200


async def test_without_pkce_the_redirect_uri_is_required(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """RFC 6749 section 4.1.3"""
    code = await visitor.code_for(client, user, **NO_PKCE)

    without = await redeem(app, client, code, redirect_uri=None, code_verifier=None)

    assert_oauth_error(without, "invalid_grant")
    assert (await redeem(app, client, code, code_verifier=None)).status_code == 200


async def test_a_verifier_without_a_challenge_is_refused(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 8: RFC 9700 section 2.1.1, no downgrade"""
    code = await visitor.code_for(client, user, **NO_PKCE)

    assert_oauth_error(await redeem(app, client, code), "invalid_grant")


async def test_a_public_client_redeems_its_code_with_pkce_alone(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    client = await app.create_client(token_endpoint_auth_method="none")

    tokens = await visitor.tokens_for(client, user, scope="openid offline_access")

    assert tokens["refresh_token"]


@pytest.mark.parametrize("what", ["password", "disabled", "signed out"])
async def test_a_code_is_invalid_once_its_sign_in_is_invalid(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor, operator: Any, what: str
) -> None:
    code = await visitor.code_for(client, user)
    if what == "password":
        await reset_password(operator, user.username, "another password of mine")
    elif what == "disabled":
        await set_user_disabled(operator, user.username, disabled=True)
    else:
        account = await visitor.get("/account")
        await visitor.submit(account, to="/account/sessions/end")

    assert_oauth_error(await redeem(app, client, code), "invalid_grant")


async def test_a_refresh_token_without_offline_access_ends_with_its_session(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 9: after logout"""
    online = await visitor.tokens_for(client, user, scope="openid")
    offline = await visitor.tokens_for(client, user, scope="openid offline_access")

    await visitor.submit(await visitor.get("/account"), to="/account/sessions/end")

    assert_oauth_error(await app.refresh(client, online["refresh_token"]), "invalid_grant")
    assert not await app.is_active(client, online["access_token"])
    assert (await app.refresh(client, offline["refresh_token"])).status_code == 200
