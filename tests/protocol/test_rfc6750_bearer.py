"""Bearer tokens at a protected resource (RFC 6750): in the header, nowhere else."""

import re
from typing import Any

import httpx
import pytest

from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error

ERROR_CODE = re.compile(r'error="([^"]*)"')


async def _profile(app: Application, *values: str | bytes, **request: Any) -> httpx.Response:
    """GET /profile with these Authorization headers, byte by byte."""
    headers: Any = [
        (b"Authorization", value if isinstance(value, bytes) else value.encode())
        for value in values
    ]
    return await app.http.request("GET", "/profile", headers=headers, **request)


@pytest.fixture
async def token(app: Application, client: TestClient) -> str:
    made: str = (await app.client_credentials(client)).json()["access_token"]
    return made


async def test_a_request_without_a_token_gets_a_challenge_without_an_error_code(
    app: Application,
) -> None:
    """RFC 6750 section 3.1: no error code where there was no authentication information"""
    answer = await _profile(app)

    assert_oauth_error(answer, "invalid_token", status=401)
    challenges = answer.headers.get_list("www-authenticate")
    assert challenges[0] == 'Bearer realm="postern"'
    assert [each for each in challenges if "error=" in each] == []


async def test_an_invalid_token_gets_a_challenge_with_the_error_code(
    app: Application,
) -> None:
    """RFC 6750 section 3"""
    answer = await app.profile("postern_at_nothing")

    assert_oauth_error(answer, "invalid_token", status=401)
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    assert ERROR_CODE.findall(challenge) == ["invalid_token"]


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "Bearer  "])
async def test_the_scheme_is_case_insensitive(app: Application, token: str, scheme: str) -> None:
    """RFC 7235 section 2.1"""
    answer = await _profile(app, scheme + token)

    assert answer.status_code == 200


async def test_unknown_expired_and_revoked_tokens_get_the_same_error(
    app: Application, client: TestClient, token: str
) -> None:
    """SECURITY_BAR row 13: the same for unknown, expired and used"""
    revoked = (await app.client_credentials(client)).json()["access_token"]
    await app.revoke(client, revoked)
    app.clock.advance(seconds=3600)

    answers = [await app.profile(each) for each in (token, revoked, "postern_at_nothing", "x")]

    for answer in answers:
        assert_oauth_error(answer, "invalid_token", status=401)
        assert answer.content == answers[0].content
        assert answer.headers["www-authenticate"] == answers[0].headers["www-authenticate"]


async def test_a_refresh_token_and_a_client_secret_are_not_accepted_as_access_tokens(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 36"""
    pair = (await app.password_grant(client, user)).json()
    attempts = [
        pair["refresh_token"],
        pair["refresh_token"].replace("_rt_", "_at_"),
        client.client_secret,
        client.client_secret.replace("_cs_", "_at_"),
    ]

    answers = [await app.profile(attempt) for attempt in attempts]

    for answer in answers:
        assert_oauth_error(answer, "invalid_token", status=401)


async def test_a_token_in_the_query_is_refused(app: Application, token: str) -> None:
    """SECURITY_BAR row 14; RFC 9700 section 4.3.2"""
    answer = await _profile(app, params={"access_token": token})

    assert_oauth_error(answer, "invalid_token", status=401)
    assert token not in answer.text


async def test_a_token_in_the_form_is_refused(app: Application, token: str) -> None:
    """SECURITY_BAR row 14; RFC 6750 section 2.2: not with GET"""
    answer = await _profile(app, data={"access_token": token})

    assert_oauth_error(answer, "invalid_token", status=401)


@pytest.mark.parametrize("in_query", ["", "nothing", "%70ostern_at_nothing"])
async def test_tokens_in_both_the_query_and_the_header_are_an_invalid_request(
    app: Application, token: str, in_query: str
) -> None:
    """SECURITY_BAR row 14; RFC 6750 section 3.1"""
    answer = await app.http.get(
        f"/profile?a=b&access_token={in_query}", headers={"Authorization": f"Bearer {token}"}
    )

    assert_oauth_error(answer, "invalid_request")


async def test_an_encoded_parameter_name_is_recognised(app: Application, token: str) -> None:
    """SECURITY_BAR row 14: what a server behind us would decode counts here too"""
    answer = await app.http.get(
        "/profile?access%5Ftoken=nothing", headers={"Authorization": f"Bearer {token}"}
    )

    assert_oauth_error(answer, "invalid_request")


async def test_other_query_parameters_are_ignored(app: Application, token: str) -> None:
    """RFC 6750 section 2.3"""
    answer = await app.http.get(
        "/profile?x=access_token&no_access_token=1", headers={"Authorization": f"Bearer {token}"}
    )

    assert answer.status_code == 200


async def test_two_authorization_headers_are_an_invalid_request(
    app: Application, token: str
) -> None:
    """SECURITY_BAR row 14"""
    answer = await _profile(app, f"Bearer {token}", f"Bearer {token}")

    assert_oauth_error(answer, "invalid_request")


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"Bearer",
        b"Bearer ",
        b"Bearer    ",
        b"postern_at_nothing",
        b"Token postern_at_nothing",
        b"Basic YTpi",
        b"Bearer:postern_at_nothing",
        b"Bearer\tpostern_at_nothing",
        b"Bearer " + b"x" * 1_000_000,
        b"Bearer postern_at_" + b"x" * 1_000_000,
        b"Bearer postern_at_\r\nX-Injected: 1",
        b"Bearer postern_at_\x00",
        b"Bearer postern_at_\xff\xfe",
        "Bearer postern_at_ünïcödé".encode(),
        b"Bearer postern_at_' OR '1'='1",
        b"B\xebarer postern_at_nothing",
        b'Bearer realm="x", error="invalid_token"',
    ],
    ids=lambda value: repr(value[:30]),
)
async def test_a_header_without_a_well_formed_token_is_refused(
    app: Application, value: bytes
) -> None:
    """SECURITY_BAR row 15"""
    answer = await _profile(app, value)

    assert_oauth_error(answer, "invalid_token", status=401)
    assert answer.headers["www-authenticate"].startswith("Bearer ")


async def test_a_valid_token_followed_by_other_characters_is_refused(
    app: Application, token: str
) -> None:
    """RFC 6750 section 2.1"""
    answers = [
        await _profile(app, f"Bearer {token}{tail}") for tail in ("x", "=", " x", ",", "\x00")
    ]

    for answer in answers:
        assert_oauth_error(answer, "invalid_token", status=401)


async def test_the_profile_requires_no_particular_scope(app: Application) -> None:
    """CONTRACT"""
    client = await app.create_client(scope="openid")
    token = (await app.client_credentials(client, scope="openid")).json()["access_token"]

    answer = await app.profile(token)

    assert answer.status_code == 200
