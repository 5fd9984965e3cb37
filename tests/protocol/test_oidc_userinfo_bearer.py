"""Tokens at UserInfo (RFC 6750) that are malformed, of another kind, or at their end."""

import asyncio
from typing import Any

import pytest

from tests.protocol.wire import FORM
from tests.support.administration import set_user_disabled
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.people import access_token, person_with, told, userinfo
from tests.support.visitor import Visitor

FORM_HEADER = {"content-type": FORM}


@pytest.fixture
async def token(app: Application, client: TestClient, user: TestUser) -> str:
    return await access_token(app, client, user, "openid profile email")


async def test_a_form_may_name_its_charset(app: Application, token: str) -> None:
    answer = await app.http.post(
        "/userinfo",
        content=f"access_token={token}",
        headers={"content-type": "Application/X-WWW-Form-URLencoded; charset=UTF-8"},
    )

    assert answer.status_code == 200


async def test_a_refreshed_token_with_a_narrower_scope_returns_fewer_claims(
    app: Application, client: TestClient
) -> None:
    """RFC 6749 section 6"""
    zoe = await person_with(app, email="zoe@example.com")
    first = (await app.password_grant(client, zoe, scope="openid email")).json()

    second = (await app.refresh(client, first["refresh_token"], scope="openid")).json()

    assert "email" in await told(app, first["access_token"])
    assert (await told(app, second["access_token"])).keys() == {"sub"}


async def test_a_request_without_a_token_gets_a_challenge(app: Application) -> None:
    """RFC 6750 section 3.1"""
    for method in ("GET", "POST"):
        answer = await app.http.request(method, "/userinfo")

        assert_oauth_error(answer, "invalid_token", status=401)
        assert answer.headers.get_list("www-authenticate")[0] == 'Bearer realm="postern"'


async def test_two_authorization_headers_are_an_invalid_request(
    app: Application, token: str
) -> None:
    """SECURITY_BAR row 14; RFC 6750 section 2"""
    header = ("Authorization", f"Bearer {token}")

    for method in ("GET", "POST"):
        answer = await app.http.request(method, "/userinfo", headers=[header, header])

        assert_oauth_error(answer, "invalid_request")
        assert token not in answer.text


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", None])
async def test_a_token_in_a_body_that_is_not_a_form_is_refused(
    app: Application, token: str, kind: str | None
) -> None:
    """RFC 6750 section 2.2"""
    answer = await app.http.post(
        "/userinfo",
        content=f"access_token={token}",
        headers={"content-type": kind} if kind else {},
    )

    assert_oauth_error(answer, "invalid_token", status=401)


@pytest.mark.parametrize(
    "body",
    [
        b"access_token=" + b"x" * 60_000,
        b"access_token=postern_at_" + b"%C3%BC" * 20,
        b"access_token=postern_at_",
        b"access_token=%F0%9F%92%A9",
    ],
    ids=lambda body: repr(body[:30]),
)
async def test_a_form_with_an_invalid_token_is_refused(app: Application, body: bytes) -> None:
    """SECURITY_BAR row 15"""
    answer = await app.http.post("/userinfo", content=body, headers=FORM_HEADER)

    assert_oauth_error(answer, "invalid_token", status=401)


@pytest.mark.parametrize(
    "body", [b"access_token=%00", b"access_token=%FF", b"access_token=a&access_token=b"]
)
async def test_a_malformed_form_is_an_invalid_request(app: Application, body: bytes) -> None:
    """SECURITY_BAR row 44"""
    answer = await app.http.post("/userinfo", content=body, headers=FORM_HEADER)

    assert_oauth_error(answer, "invalid_request")


async def test_only_an_access_token_is_accepted(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 36: neither an ID token nor a refresh token, here and at /profile"""
    tokens = await visitor.tokens_for(client, user, scope="openid profile offline_access")
    assert (await userinfo(app, tokens["access_token"])).status_code == 200

    for wrong in (tokens["id_token"], tokens["refresh_token"], client.client_secret):
        in_form = await app.http.post("/userinfo", data={"access_token": wrong})
        for answer in (await userinfo(app, wrong), in_form, await app.profile(wrong)):
            assert_oauth_error(answer, "invalid_token", status=401)


async def test_an_access_token_is_not_accepted_as_a_code_or_refresh_token(
    app: Application, client: TestClient, token: str
) -> None:
    """SECURITY_BAR row 36: an access token at /token"""
    answers = [
        await app.refresh(client, token),
        await app.token(client, grant_type="authorization_code", code=token),
    ]

    for answer in answers:
        assert_oauth_error(answer, "invalid_grant")


async def test_expired_revoked_and_disabled_tokens_get_the_same_error(
    app: Application, client: TestClient, user: TestUser, operator: Any
) -> None:
    """Expired, revoked, and of a person who was disabled: the same answer"""
    revoked = await access_token(app, client, user, "openid")
    await app.revoke(client, revoked)
    other = await app.enrolled_user()
    disabled = await access_token(app, client, other, "openid")
    await set_user_disabled(operator, other.username, disabled=True)
    expired = await access_token(app, client, user, "openid")
    app.clock.advance(seconds=3600)

    answers = [await userinfo(app, each) for each in (revoked, disabled, expired)]

    for answer in answers:
        assert_oauth_error(answer, "invalid_token", status=401)
        assert answer.content == answers[0].content


async def test_concurrent_requests_return_the_claims_of_their_own_users(
    app: Application, client: TestClient
) -> None:
    """Look-ups travel in batches: each asker gets his own"""
    people = [await person_with(app, email=f"person{number}@example.com") for number in range(5)]
    tokens = [await access_token(app, client, each, "openid email") for each in people]

    answers = await asyncio.gather(*(told(app, token) for token in tokens * 4))

    emails = [answer["email"] for answer in answers]
    assert emails == [f"person{number}@example.com" for number in range(5)] * 4
    assert len({answer["sub"] for answer in answers}) == 5
