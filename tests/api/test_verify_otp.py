"""`POST /verify_otp`: codes of an authenticator app (RFC 6238)."""

from typing import Any

import pytest

from tests.support.application import Application, TestUser
from tests.support.assertions import assert_problem

pytestmark = pytest.mark.both_databases

ARABIC_ZERO = 0x0660
VALID, REFUSED = (200, {"valid": True}), (401, {"valid": False})


async def verify(app: Application, user: TestUser, code: Any) -> tuple[int, Any]:
    answer = await app.verify_otp(user.username, code)
    return answer.status_code, answer.json()


def wrong_code(app: Application, user: TestUser) -> str:
    right = {app.code(user, steps=step) for step in (-1, 0, 1)}
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in right)


@pytest.mark.parametrize("steps", [-1, 0, 1])
async def test_a_code_within_one_step_is_accepted(app: Application, steps: int) -> None:
    """SECURITY_BAR row 18; RFC 6238 section 5.2"""
    user = await app.register()

    assert await verify(app, user, app.code(user, steps=steps)) == VALID


@pytest.mark.parametrize("steps", [-3, -2, 2, 3])
async def test_a_code_more_than_one_step_away_is_refused(app: Application, steps: int) -> None:
    """SECURITY_BAR row 18"""
    user = await app.register()

    assert await verify(app, user, app.code(user, steps=steps)) == REFUSED


async def test_an_expired_code_is_refused(app: Application) -> None:
    """SECURITY_BAR row 18"""
    user = await app.register()
    code = app.code(user)
    app.clock.advance(seconds=60)

    assert await verify(app, user, code) == REFUSED


@pytest.mark.parametrize(
    "garbled",
    [
        lambda code: code[:5],
        lambda code: code + "0",
        lambda code: "0" + code,
        lambda code: "",
        lambda code: "".join(chr(ARABIC_ZERO + int(digit)) for digit in code),
        lambda code: "+" + code[1:],
        lambda code: hex(int(code)),
        lambda code: code * 1000,
        lambda code: code[:3] + " " * 10_000 + code[3:],
    ],
    ids=[
        "five digits", "a digit after", "a digit before", "empty", "arabic digits", "a sign",
        "hexadecimal", "very long", "many spaces",
    ],
)  # fmt: skip
async def test_a_malformed_code_is_refused_and_does_not_use_up_the_valid_code(
    app: Application, garbled: Any
) -> None:
    """SECURITY_BAR row 18; CONTRACT: any string that is not the code is 401"""
    user = await app.register()
    code = app.code(user)

    assert await verify(app, user, garbled(code)) == REFUSED
    assert await verify(app, user, code) == VALID


@pytest.mark.parametrize("code", [123456, 12345, 1.5, None, True, ["123456"], {"code": "123456"}])
async def test_a_code_that_is_not_a_string_is_422_with_an_explanation(
    app: Application, code: Any
) -> None:
    """SECURITY_BAR row 18; CONTRACT: a number loses its leading zero"""
    user = await app.register()

    answer = await app.verify_otp(user.username, code)

    assert_problem(answer, 422, "invalid_request")
    (problem,) = answer.json()["errors"]
    assert problem["location"] == ["body", "code"]
    assert "string" in problem["message"]
    assert "leading zero" in problem["message"]
    assert "123456" not in answer.text


@pytest.mark.parametrize("body", [{}, {"username": "somebody"}, {"code": "123456"}, []])
async def test_a_missing_member_is_422(app: Application, body: Any) -> None:
    answer = await app.http.post("/verify_otp", json=body)

    assert_problem(answer, 422, "invalid_request")


async def test_a_wrong_code_does_not_confirm_the_enrolment(app: Application) -> None:
    user = await app.register()
    client = await app.create_client()

    assert await verify(app, user, wrong_code(app, user)) == REFUSED
    assert (await app.password_grant(client, user)).status_code == 400


async def test_the_code_of_another_user_is_refused(app: Application) -> None:
    first, second = await app.register(), await app.register()

    assert await verify(app, first, app.code(second)) == REFUSED


async def test_an_unknown_user_gets_the_same_response_as_a_wrong_code(app: Application) -> None:
    """SECURITY_BAR row 19"""
    user = await app.register()

    wrong = await app.verify_otp(user.username, wrong_code(app, user))
    unknown = await app.verify_otp(app.new_name(), "123456")
    impossible = await app.verify_otp("no such \x00 name", "123456")

    for answer in (unknown, impossible):
        assert answer.status_code == wrong.status_code == 401
        assert answer.content == wrong.content
        assert _without_request_id(answer.headers) == _without_request_id(wrong.headers)


async def test_an_unconfirmed_user_gets_the_same_response_as_a_confirmed_one(
    app: Application,
) -> None:
    """SECURITY_BAR row 19"""
    unconfirmed, confirmed = await app.register(), await app.enrolled_user()

    answers = [
        await app.verify_otp(user.username, wrong_code(app, user))
        for user in (unconfirmed, confirmed)
    ]

    assert answers[0].status_code == answers[1].status_code == 401
    assert answers[0].content == answers[1].content


def _without_request_id(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "x-request-id"}
