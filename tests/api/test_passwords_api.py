"""Passwords at the API: what is refused early, and what counts as the same (NIST SP 800-63B)."""

import unicodedata

import httpx
import pytest

from tests.support.application import PASSWORD, Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error, assert_problem


async def register(app: Application, password: str) -> httpx.Response:
    return await app.http.post(
        "/register_user", json={"username": app.new_name(), "password": password}
    )


@pytest.mark.parametrize("length", [8, 9, 64, 255, 256])
async def test_8_to_256_characters_are_accepted(
    app: Application, client: TestClient, length: int
) -> None:
    """SECURITY_BAR row 25"""
    password = ("z7-" * 100)[:length]
    user = await app.register(password=password)
    await app.verify_otp(user.username, app.code(user))

    right = await app.password_grant(client, user)
    wrong = await app.password_grant(client, user, password=password[:-1] + "!")

    assert right.status_code == 200
    assert_oauth_error(wrong, "invalid_grant")


@pytest.mark.parametrize("length", [0, 1, 7, 257, 1000, 60_000])
async def test_shorter_and_longer_passwords_are_422_with_an_explanation(
    app: Application, length: int
) -> None:
    """SECURITY_BAR rows 11 and 25"""
    answer = await register(app, "x" * length)

    assert_problem(answer, 422, "invalid_password")
    assert "8 to 256" in answer.json()["detail"]


async def test_length_is_counted_in_characters_not_in_bytes(app: Application) -> None:
    """SECURITY_BAR row 25"""
    assert (await register(app, "\U0001f600" * 8)).status_code == 201
    assert (await register(app, "\u5b89" * 256)).status_code == 201
    assert (await register(app, "\u5b89" * 7)).status_code == 422


@pytest.mark.parametrize(
    "password", ["aqzwsxedc", "qaplmwoeirut", "7394618205", "        ", "zzzzzzzzyy", "ÀÉÎÕÜÀÉÎ"]
)
async def test_there_are_no_composition_rules(app: Application, password: str) -> None:
    """SECURITY_BAR row 25"""
    assert (await register(app, password)).status_code == 201


@pytest.mark.parametrize(
    "password",
    ["with\x00nul-in-it", "with\na break", "with\x1bescape", "with\x7fdelete", "with\u0085next"],
)
async def test_control_characters_are_refused(app: Application, password: str) -> None:
    """SECURITY_BAR row 11"""
    assert_problem(await register(app, password), 422, "invalid_password")


async def test_a_lone_surrogate_is_refused(app: Application) -> None:
    """SECURITY_BAR rows 11 and 44"""
    answer = await app.http.post(
        "/register_user",
        content='{"username":"somebody","password":"long enough \\ud800"}',
        headers={"content-type": "application/json"},
    )

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/register_user", "/enroll_otp"])
async def test_a_password_of_100_kb_is_refused_before_it_is_read(
    app: Application, path: str
) -> None:
    """SECURITY_BAR row 11"""
    answer = await app.http.post(path, json={"username": "somebody", "password": "x" * 100_000})

    assert_problem(answer, 413, "invalid_request")


@pytest.mark.parametrize("password", ["x" * 257, "x" * 60_000, "\ufdfa" * 256])
async def test_an_impossible_password_gets_the_same_error_as_a_wrong_one(
    app: Application, client: TestClient, user: TestUser, password: str
) -> None:
    """SECURITY_BAR rows 10 and 11"""
    wrong = await app.password_grant(client, user, password="not the password")

    answer = await app.password_grant(client, user, password=password)

    assert_oauth_error(answer, "invalid_grant")
    assert answer.content == wrong.content


@pytest.mark.parametrize(
    ("chosen", "typed"),
    [
        ("nai\u0308ve zo\u00eb", "na\u00efve zoe\u0308"),
        ("\u1100\u1161 hangul \u1100\u1161", "\uac00 hangul \uac00"),
        ("a wide\u3000space", "a wide space"),
        ("no\u00a0break space", "no break space"),
    ],
)
async def test_unnormalised_spellings_of_a_password_are_the_same_password(
    app: Application, client: TestClient, chosen: str, typed: str
) -> None:
    """SECURITY_BAR row 11; RFC 8265 section 4.2"""
    user = await app.register(password=chosen)
    await app.verify_otp(user.username, app.code(user))

    answer = await app.password_grant(client, user, password=typed)

    assert answer.status_code == 200


async def test_case_and_compatibility_forms_are_different_passwords(
    app: Application, client: TestClient
) -> None:
    """RFC 8265 section 4.2.2: no case mapping, NFC and not NFKC"""
    chosen = "\ufb01sh and Chips"
    user = await app.register(password=chosen)
    await app.verify_otp(user.username, app.code(user))

    assert (await app.password_grant(client, user)).status_code == 200
    for typed in (unicodedata.normalize("NFKC", chosen), chosen.lower()):
        assert (await app.password_grant(client, user, password=typed)).status_code == 400


@pytest.mark.parametrize("password", ["password123", "Password123", "qwertyuiop", "iloveyou"])
async def test_a_common_password_is_accepted_with_a_warning_in_development(
    app: Application, password: str
) -> None:
    """SECURITY_BAR row 25; CONTRACT: accepted with a `warning` member"""
    answer = await register(app, password)

    assert answer.status_code == 201
    assert "production" in answer.json()["warning"]


async def test_a_good_password_gets_no_warning(app: Application) -> None:
    assert "warning" not in (await register(app, PASSWORD)).json()


async def test_no_response_repeats_the_password(app: Application) -> None:
    """SECURITY_BAR row 13"""
    secret = "Xyzzy-plugh-4711"
    bodies = [
        {"username": app.new_name(), "password": secret},
        {"username": "not a name", "password": secret},
        {"username": app.new_name(), "password": [secret]},
        {"username": app.new_name(), "password": secret + "\x00"},
        {"username": app.new_name(), "password": secret * 50},
    ]

    for path in ("/register_user", "/enroll_otp"):
        for body in bodies:
            answer = await app.http.post(path, json=body)
            assert secret not in answer.text, (path, answer.status_code)
