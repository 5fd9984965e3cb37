"""Resource owner password credentials grant (RFC 6749 section 4.3)."""

import asyncio
import unicodedata

import pytest

from app.schemas.clients import ClientCreate
from app.wiring import Services
from tests.protocol.wire import answer_of
from tests.support.administration import set_user_disabled
from tests.support.application import PASSWORD, Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error

pytestmark = pytest.mark.both_databases


async def test_a_user_gets_a_token_pair_that_identifies_them(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """RFC 6749 sections 4.3.3 and 5.1"""
    answer = await app.password_grant(client, user)

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 3600
    assert body["refresh_token"].startswith("postern_rt_")
    profile = await app.profile(body["access_token"])
    assert profile.json() == {"type": "user", "username": user.username, "otp_verified": True}


async def test_every_failed_sign_in_gets_the_same_error(
    app: Application, client: TestClient, user: TestUser, operator: Services
) -> None:
    """SECURITY_BAR row 10"""
    unconfirmed = await app.register()
    disabled = await app.enrolled_user()
    await set_user_disabled(operator, disabled.username, disabled=True)
    nobody = app.new_name("nobody")

    answers = [
        await app.password_grant(client, TestUser(*attempt, ""))
        for attempt in [
            (user.username, "wrong password"),
            (unconfirmed.username, PASSWORD),
            (unconfirmed.username, "wrong password"),
            (disabled.username, PASSWORD),
            (nobody, PASSWORD),
            ("no name at all", PASSWORD),
            ("x" * 1000, PASSWORD),
            (user.username, "x" * 1000),
            ("аdmin", PASSWORD),  # noqa: RUF001 - a Cyrillic letter among Latin ones
        ]
    ]

    for answer in answers:
        assert_oauth_error(answer, "invalid_grant")
        assert answer_of(answer) == answer_of(answers[0])


@pytest.mark.parametrize("missing", ["username", "password"])
async def test_the_error_names_a_missing_or_empty_parameter(
    app: Application, client: TestClient, user: TestUser, missing: str
) -> None:
    """SECURITY_BAR row 1; RFC 6749 section 3.2: an empty parameter is an absent one"""
    form = {"grant_type": "password", "username": user.username, "password": user.password}

    empty = await app.token(client, **{**form, missing: ""})
    del form[missing]
    absent = await app.token(client, **form)

    for answer in (empty, absent):
        assert_oauth_error(answer, "invalid_request")
        assert missing in answer.json()["error_description"]


async def test_a_client_without_the_refresh_token_grant_gets_no_refresh_token(
    app: Application, user: TestUser
) -> None:
    """RFC 6749 section 4.3.3"""
    client = await app.create_client(grant_types=["password"])

    body = (await app.password_grant(client, user)).json()

    assert "refresh_token" not in body
    assert await app.is_active(client, body["access_token"])


async def test_a_client_that_is_not_registered_for_the_grant_is_refused(
    app: Application, user: TestUser
) -> None:
    """SECURITY_BAR row 5"""
    client = await app.create_client(grant_types=["client_credentials"])

    answer = await app.password_grant(client, user)

    assert_oauth_error(answer, "unauthorized_client")


async def test_a_public_client_is_refused_even_if_the_grant_is_registered(
    app: Application, user: TestUser, operator: Services
) -> None:
    """SECURITY_BAR row 5: the password grant is never for public clients"""
    created = await operator.clients.clients.create(
        ClientCreate(
            client_name=app.new_name("public"),
            token_endpoint_auth_method="none",
            grant_types=["password"],
        ),
        has_secret=False,
        sector_identifier=None,
    )

    answer = await app.token(
        None,
        grant_type="password",
        client_id=created.client_id,
        username=user.username,
        password=user.password,
    )

    assert_oauth_error(answer, "unauthorized_client")


async def test_a_password_is_normalised_before_it_is_compared(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 11; RFC 8265 section 4.2"""
    composed = unicodedata.normalize("NFC", "zwölf Käsebrötchen")
    user = await app.register(password=composed)
    await app.verify_otp(user.username, app.code(user))

    decomposed = unicodedata.normalize("NFD", composed)
    answer = await app.password_grant(client, user, password=decomposed)
    wider_space = await app.password_grant(client, user, password=composed.replace(" ", "\u3000"))

    assert decomposed != composed
    assert answer.status_code == 200
    assert wider_space.status_code == 200


async def test_a_username_is_matched_in_any_case_and_width(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 21; RFC 8265 section 3.3"""
    user = await app.enrolled_user(app.new_name("Case"))

    answers = [
        await app.password_grant(client, user, username=spelling)
        for spelling in (user.username.upper(), user.username.replace("C", "\uff23"))
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    profile = await app.profile(answers[0].json()["access_token"])
    assert profile.json()["username"] == user.username


async def test_a_password_of_100_kilobytes_is_refused_as_too_large(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 11"""
    answer = await app.password_grant(client, user, password="x" * 100_000)

    assert_oauth_error(answer, "invalid_request", status=413)


@pytest.mark.parametrize("character", ["\x00", "\x1f", "\x7f", "\x85"])
async def test_a_password_with_control_characters_is_refused(
    app: Application, client: TestClient, user: TestUser, character: str
) -> None:
    """SECURITY_BAR row 11"""
    answer = await app.password_grant(client, user, password=user.password + character)

    assert_oauth_error(answer, "invalid_request")


async def test_concurrent_sign_ins_each_get_a_token_of_their_own_user(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 10: what travels in one batch does not mix"""
    users = [await app.enrolled_user() for _ in range(6)]

    answers = await asyncio.gather(*(app.password_grant(client, each) for each in users))
    profiles = await asyncio.gather(
        *(app.profile(answer.json()["access_token"]) for answer in answers)
    )

    assert [profile.json()["username"] for profile in profiles] == [u.username for u in users]
