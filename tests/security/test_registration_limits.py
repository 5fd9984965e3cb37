"""Registrations in production: twenty in an hour from one address."""

from typing import Any

import httpx

from tests.conftest import AppFactory
from tests.support.application import PASSWORD, SECRET_KEY, Application
from tests.support.callers import calling_from
from tests.support.visitor import visiting

DATABASES = ("sqlite",)
"""What is tested here is not in the database."""

FREE = 20
ADMIN = "an-admin-token-of-the-tests-7Yk2"
PRODUCTION: dict[str, Any] = {
    "app_env": "production",
    "issuer": "https://login.example.com",
    "secret_key": SECRET_KEY,
    "registration": "open",
    "admin_token": ADMIN,
}


async def register(app: Application, username: str | None = None, **headers: str) -> httpx.Response:
    body = {"username": username or app.new_name(), "password": PASSWORD}
    return await app.http.post("/register_user", json=body, headers=headers)


async def test_the_twenty_first_registration_in_an_hour_waits(start_app: AppFactory) -> None:
    """SECURITY_BAR rows 19 and 50"""
    app = await start_app(**PRODUCTION)

    answers = [await register(app) for _ in range(FREE + 1)]

    assert [each.status_code for each in answers] == [201] * FREE + [429]
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert answers[-1].json()["error"] == "too_many_requests"
    assert 180 <= int(answers[-1].headers["retry-after"]) <= 7200


async def test_asking_which_names_are_taken_counts_too(start_app: AppFactory) -> None:
    """SECURITY_BAR row 19"""
    app = await start_app(**PRODUCTION)
    await register(app, "somebody")

    answers = [await register(app, "somebody") for _ in range(FREE)]

    assert [each.status_code for each in answers] == [409] * (FREE - 1) + [429]


async def test_another_address_and_the_administrator_are_not_held_up(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 50"""
    app = await start_app(**PRODUCTION)
    for _ in range(FREE + 1):
        await register(app)

    by_admin = await register(app, authorization=f"Bearer {ADMIN}")
    async with calling_from(app, app.new_address()) as other:
        elsewhere = await register(other)

    assert by_admin.status_code == 201
    assert elsewhere.status_code == 201


async def test_the_page_and_the_call_count_together(start_app: AppFactory) -> None:
    """SECURITY_BAR row 50: no door beside the guarded one"""
    app = await start_app(**PRODUCTION, registration_limit=1)
    await register(app)

    async with visiting(app) as visitor:
        visitor.http.base_url = httpx.URL("https://login.example.com")
        page = await visitor.get("/create-account")
        answer = await visitor.submit(
            page, to="/create-account", username=app.new_name(), password=PASSWORD
        )

    assert answer.status_code == 429
    assert answer.headers["content-type"].startswith("text/html")


async def test_clients_that_register_themselves_count_too(start_app: AppFactory) -> None:
    """SECURITY_BAR row 50; RFC 7591 section 5"""
    app = await start_app(**PRODUCTION, registration_limit=2, dynamic_registration="open")
    body = {"redirect_uris": ["https://app.example.com/callback"]}

    answers = [await app.http.post("/register", json=body) for _ in range(3)]

    assert [each.status_code for each in answers] == [201, 201, 429]
    assert answers[-1].json()["error"] == "too_many_requests"


async def test_in_development_there_is_no_limit(app: Application) -> None:
    """the quick start may be repeated"""
    answers = [await register(app) for _ in range(FREE + 2)]

    assert {each.status_code for each in answers} == {201}


async def test_guessing_the_administrators_token_is_limited_and_he_is_not(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 41"""
    app = await start_app(**{**PRODUCTION, "registration": "closed"})

    answers = [
        await register(app, authorization=f"Bearer a-guess-{number}") for number in range(62)
    ]
    right = await register(app, authorization=f"Bearer {ADMIN}")

    assert [each.status_code for each in answers[:61]] == [401] * 60 + [429]
    assert right.status_code == 201
