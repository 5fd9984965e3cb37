"""Registrations in production: sixty users and three hundred clients an hour and address."""

from typing import Any

import httpx
import pytest

from tests.conftest import AppFactory
from tests.support.application import PASSWORD, SECRET_KEY, Application
from tests.support.callers import calling_from
from tests.support.visitor import visiting

pytestmark = pytest.mark.slow

DATABASES = ("sqlite",)
"""What is tested here is not in the database."""

FREE, FREE_CLIENTS = 60, 300
CLIENT = {"redirect_uris": ["https://app.example.com/callback"]}
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


async def test_the_sixty_first_user_in_an_hour_is_rate_limited(start_app: AppFactory) -> None:
    """SECURITY_BAR rows 19 and 50"""
    app = await start_app(**PRODUCTION)

    answers = [await register(app) for _ in range(FREE + 1)]

    assert [each.status_code for each in answers] == [201] * FREE + [429]
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert answers[-1].json()["error"] == "too_many_requests"
    assert 60 <= int(answers[-1].headers["retry-after"]) <= 7200


async def test_registrations_of_a_taken_username_count_towards_the_limit(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 19"""
    app = await start_app(**PRODUCTION)
    await register(app, "somebody")

    answers = [await register(app, "somebody") for _ in range(FREE)]

    assert [each.status_code for each in answers] == [409] * (FREE - 1) + [429]


async def test_other_ips_and_the_administrator_are_not_rate_limited(
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


async def test_the_registration_page_and_the_api_share_one_count(start_app: AppFactory) -> None:
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


async def test_the_three_hundred_and_first_client_in_an_hour_is_rate_limited(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 50; RFC 7591 section 5"""
    app = await start_app(**PRODUCTION, dynamic_registration="open")

    answers = [await app.http.post("/register", json=CLIENT) for _ in range(FREE_CLIENTS + 1)]

    assert [each.status_code for each in answers] == [201] * FREE_CLIENTS + [429]
    assert answers[-1].json()["error"] == "too_many_requests"


async def test_users_and_clients_are_counted_separately(start_app: AppFactory) -> None:
    """SECURITY_BAR row 50: each limit has one purpose"""
    app = await start_app(
        **PRODUCTION,
        registration_limit=2,
        dynamic_registration_limit=3,
        dynamic_registration="open",
    )

    users = [await register(app) for _ in range(3)]
    clients = [await app.http.post("/register", json=CLIENT) for _ in range(4)]

    assert [each.status_code for each in users] == [201, 201, 429]
    assert [each.status_code for each in clients] == [201, 201, 201, 429]


async def test_an_ipv6_site_gets_ten_times_the_registrations_of_one_of_its_networks(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 50: an IPv6 subscriber holds a /48, which is 65,536 networks"""
    app = await start_app(**PRODUCTION, registration_limit=2)

    async def statuses_from(address: str) -> list[int]:
        async with calling_from(app, address) as caller:
            return [(await register(caller)).status_code for _ in range(3)]

    networks = [await statuses_from(f"2001:db8:5:{number}::1") for number in range(10)]
    another_network = await statuses_from("2001:db8:5:ffff::1")
    another_site = await statuses_from("2001:db8:6::1")

    assert networks == [[201, 201, 429]] * 10
    assert another_network == [429] * 3
    assert another_site == [201, 201, 429]


async def test_user_registrations_are_unlimited_in_development(app: Application) -> None:
    """the quick start may be repeated"""
    answers = [await register(app) for _ in range(FREE + 2)]

    assert {each.status_code for each in answers} == {201}


async def test_client_registrations_are_unlimited_in_development(app: Application) -> None:
    """the quick start may be repeated"""
    answers = [await app.http.post("/register", json=CLIENT) for _ in range(FREE_CLIENTS + 2)]

    assert {each.status_code for each in answers} == {201}


async def test_guessing_the_administrator_token_is_limited_and_the_valid_one_is_not(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 41"""
    app = await start_app(**{**PRODUCTION, "registration": "closed", "token_error_limit": 60})

    answers = [
        await register(app, authorization=f"Bearer a-guess-{number}") for number in range(62)
    ]
    right = await register(app, authorization=f"Bearer {ADMIN}")

    assert [each.status_code for each in answers[:61]] == [401] * 60 + [429]
    assert right.status_code == 201
