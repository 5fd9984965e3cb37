"""`POST /enroll_otp`: a new secret for an enrolment that is not confirmed (CONTRACT.md)."""

import httpx
import pytest

from tests.api.qr_reader import text_in
from tests.support.application import Application, TestUser, otp_secret_in
from tests.support.assertions import assert_problem

pytestmark = pytest.mark.both_databases


async def enroll(app: Application, username: str, password: str) -> httpx.Response:
    return await app.http.post("/enroll_otp", json={"username": username, "password": password})


async def test_enrolling_again_returns_a_new_secret_in_the_registration_format(
    app: Application,
) -> None:
    user = await app.register()

    answer = await enroll(app, user.username, user.password)

    assert answer.status_code == 200
    assert answer.json().keys() == {"message", "otp_uri", "qr_code"}
    assert text_in(answer.json()["qr_code"]) == answer.json()["otp_uri"]
    assert otp_secret_in(answer.json()["otp_uri"]) != user.otp_secret


async def test_the_old_secret_is_invalid_and_the_new_one_confirms_the_enrolment(
    app: Application,
) -> None:
    user = await app.register()
    answer = await enroll(app, user.username, user.password)
    renewed = TestUser(user.username, user.password, otp_secret_in(answer.json()["otp_uri"]))

    old = await app.verify_otp(user.username, app.code(user))
    new = await app.verify_otp(user.username, app.code(renewed))

    assert old.json() == {"valid": False}
    assert new.json() == {"valid": True}


async def test_a_confirmed_enrolment_cannot_be_replaced(app: Application) -> None:
    """SECURITY_BAR row 20: never readable again"""
    user = await app.enrolled_user()

    answer = await enroll(app, user.username, user.password)

    assert_problem(answer, 409, "already_enrolled")
    assert "otp_uri" not in answer.text
    app.clock.advance(seconds=30)
    assert (await app.verify_otp(user.username, app.code(user))).json() == {"valid": True}


async def test_a_wrong_password_and_an_unknown_user_get_the_same_response(
    app: Application,
) -> None:
    """SECURITY_BAR row 19"""
    user, confirmed = await app.register(), await app.enrolled_user()

    answers = [
        await enroll(app, user.username, "not the password"),
        await enroll(app, confirmed.username, "not the password"),
        await enroll(app, app.new_name(), "not the password"),
        await enroll(app, "no such \x00 name", "not the password"),
        await enroll(app, user.username, ""),
        await enroll(app, user.username, "x" * 1000),
    ]

    assert_problem(answers[0], 401, "invalid_credentials")
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert (await app.verify_otp(user.username, app.code(user))).json() == {"valid": True}


@pytest.mark.parametrize("name", ["somebody", "no%20body", "%00", "%ff"])
async def test_the_old_qr_code_path_is_410_and_names_the_new_path(
    app: Application, name: str
) -> None:
    """SECURITY_BAR row 20; CONTRACT: it answers 410 with a hint"""
    answer = await app.http.get(f"/qr_code/{name}")

    assert_problem(answer, 410, "gone")
    assert "/enroll_otp" in answer.json()["detail"]


async def test_the_old_qr_code_path_does_not_reveal_whether_a_username_exists(
    app: Application,
) -> None:
    """SECURITY_BAR row 19"""
    user = await app.register()

    existing = await app.http.get(f"/qr_code/{user.username}")
    unknown = await app.http.get(f"/qr_code/{app.new_name()}")

    assert existing.content == unknown.content
