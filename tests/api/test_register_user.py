"""`POST /register_user`: a person, and the enrolment that is shown once (CONTRACT.md)."""

import asyncio
from typing import Any

import pytest

from tests.api.qr_reader import text_in
from tests.support.application import PASSWORD, Application
from tests.support.assertions import assert_problem

pytestmark = pytest.mark.both_databases


async def test_a_registration_returns_the_enrolment_and_must_not_be_cached(
    app: Application,
) -> None:
    """SECURITY_BAR row 20"""
    name = app.new_name()

    answer = await app.http.post("/register_user", json={"username": name, "password": PASSWORD})

    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json().keys() == {"message", "otp_uri", "qr_code"}
    assert text_in(answer.json()["qr_code"]) == answer.json()["otp_uri"]


async def test_each_user_gets_their_own_secret(app: Application) -> None:
    first, second = await app.register(), await app.register()

    assert first.otp_secret != second.otp_secret


async def test_a_taken_name_is_a_conflict_and_its_owner_can_still_sign_in(app: Application) -> None:
    """CONTRACT: a taken username is 409"""
    user = await app.enrolled_user()
    client = await app.create_client()

    answer = await app.http.post(
        "/register_user", json={"username": user.username, "password": "another good password"}
    )

    assert_problem(answer, 409, "username_taken")
    assert (await app.password_grant(client, user)).status_code == 200


async def test_registering_again_does_not_take_over_an_unconfirmed_account(
    app: Application,
) -> None:
    """SECURITY_BAR row 22"""
    owner = await app.register()

    again = await app.http.post(
        "/register_user", json={"username": owner.username, "password": "another good password"}
    )

    assert_problem(again, 409, "username_taken")
    assert "otp_uri" not in again.text
    assert (await app.verify_otp(owner.username, app.code(owner))).json() == {"valid": True}


async def test_only_one_of_ten_concurrent_registrations_of_a_name_succeeds(
    app: Application,
) -> None:
    name = app.new_name()

    answers = await asyncio.gather(
        *(
            app.http.post("/register_user", json={"username": name, "password": PASSWORD})
            for _ in range(10)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [201, *([409] * 9)]


async def test_a_conflict_does_not_reveal_whether_the_owner_is_confirmed(
    app: Application,
) -> None:
    """SECURITY_BAR row 19: nothing beyond "name taken" """
    unconfirmed, confirmed = await app.register(), await app.enrolled_user()

    bodies = [
        (await app.http.post("/register_user", json={"username": name, "password": PASSWORD})).text
        for name in (unconfirmed.username, confirmed.username)
    ]

    assert bodies[0] == bodies[1]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "somebody"},
        {"password": PASSWORD},
        {"username": None, "password": PASSWORD},
        {"username": 5, "password": PASSWORD},
        {"username": ["somebody"], "password": PASSWORD},
        {"username": "somebody", "password": 12345678},
        {"username": "somebody", "password": {"$ne": ""}},
        [],
        "somebody",
        None,
        5,
    ],
)
async def test_an_invalid_body_is_422_and_is_not_repeated(app: Application, body: Any) -> None:
    answer = await app.http.post("/register_user", json=body)

    assert_problem(answer, 422, "invalid_request")
    assert answer.json()["errors"]
    assert PASSWORD not in answer.text
    assert "12345678" not in answer.text


@pytest.mark.parametrize("content", [b"{", b"\xff", b"", b'{"username": NaN}', b"[" * 20_000])
async def test_a_body_that_is_not_json_is_refused_with_problem_details(
    app: Application, content: bytes
) -> None:
    answer = await app.http.post(
        "/register_user", content=content, headers={"content-type": "application/json"}
    )

    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"]
)
async def test_a_form_is_refused_where_json_is_required(
    app: Application, content_type: str
) -> None:
    """Another site's form cannot register anybody: browsers send JSON only after asking (CORS)."""
    name = app.new_name()

    answer = await app.http.post(
        "/register_user",
        content=f'{{"username":"{name}","password":"{PASSWORD}"}}',
        headers={"content-type": content_type},
    )

    assert answer.status_code in (415, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    await app.register(name)  # it is still free
