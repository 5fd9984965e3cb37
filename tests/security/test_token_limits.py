"""Guessing at the token endpoint: errors of a client from an address, and never a right secret."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.support.application import Application, TestClient
from tests.support.callers import calling_from

pytestmark = pytest.mark.both_databases

FREE = 60
ENDPOINTS = ["/introspect", "/revoke", "/par", "/device_authorization"]


@pytest_asyncio.fixture
async def caller(app: Application) -> AsyncIterator[Application]:
    """The application, called from an address that nobody called from before."""
    async with calling_from(app, app.new_address()) as made:
        yield made


async def wrong_secret(app: Application, client_id: str) -> httpx.Response:
    return await app.client_credentials(TestClient(client_id, "not the secret"))


async def use_up(app: Application, client_id: str) -> None:
    for _ in range(FREE):
        assert (await wrong_secret(app, client_id)).status_code == 401


async def test_after_sixty_wrong_secrets_the_next_one_is_rate_limited(
    caller: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 50"""
    await use_up(caller, client.client_id)

    answer = await wrong_secret(caller, client.client_id)

    assert answer.status_code == 429
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.json()["error"] == "too_many_requests"
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["cache-control"] == "no-store"


async def test_a_correct_secret_is_never_rate_limited(
    caller: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 23: nobody locks a service out"""
    await use_up(caller, client.client_id)
    await wrong_secret(caller, client.client_id)

    answers = [await caller.client_credentials(client) for _ in range(5)]

    assert {each.status_code for each in answers} == {200}


async def test_an_unknown_client_is_limited_like_a_known_one(
    caller: Application, client: TestClient
) -> None:
    """SECURITY_BAR rows 3 and 50"""
    known = [await wrong_secret(caller, client.client_id) for _ in range(FREE + 3)]
    unknown = [await wrong_secret(caller, "n" * 24) for _ in range(FREE + 3)]

    assert [each.status_code for each in known] == [each.status_code for each in unknown]
    assert known[-1].json() == unknown[-1].json()


async def test_other_ips_and_other_clients_have_separate_counts(
    caller: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 23"""
    await use_up(caller, client.client_id)

    other_client = await wrong_secret(caller, "o" * 24)
    async with calling_from(caller, caller.new_address()) as elsewhere:
        other_address = await wrong_secret(elsewhere, client.client_id)

    assert other_client.status_code == 401
    assert other_address.status_code == 401


async def test_guessing_secrets_of_many_clients_is_limited_by_ip(start_app: AppFactory) -> None:
    """SECURITY_BAR row 50"""
    app = await start_app(token_error_limit=2)

    answers = [await wrong_secret(app, f"client-{number}") for number in range(25)]

    assert [each.status_code for each in answers] == [401] * 20 + [429] * 5


@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_all_endpoints_that_accept_a_secret_share_one_count(
    caller: Application, client: TestClient, endpoint: str
) -> None:
    """SECURITY_BAR row 50: no door beside the guarded one"""
    await use_up(caller, client.client_id)

    answer = await caller.http.post(
        endpoint, data={"token": "t"}, auth=(client.client_id, "not the secret")
    )

    assert answer.status_code == 429
    assert answer.json()["error"] == "too_many_requests"


async def test_guessed_refresh_tokens_count_towards_the_limit(start_app: AppFactory) -> None:
    """SECURITY_BAR row 50"""
    app = await start_app(token_error_limit=3)
    client = await app.create_client()

    answers = [await app.refresh(client, "postern_rt_" + "A" * 51) for _ in range(4)]
    still = await app.client_credentials(client)

    assert [each.status_code for each in answers] == [400] * 3 + [429]
    assert still.status_code == 200


async def test_errors_that_are_not_guesses_do_not_count_towards_the_limit(
    caller: Application, client: TestClient
) -> None:
    """a client with a bug gets the error that helps it"""
    for _ in range(FREE + 5):
        answer = await caller.token(client, grant_type="unheard_of")
        assert answer.status_code == 400

    assert (await wrong_secret(caller, client.client_id)).status_code == 401


async def test_errors_expire_from_the_sliding_window(
    caller: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 50"""
    await use_up(caller, client.client_id)
    caller.clock.advance(seconds=121)

    answer = await wrong_secret(caller, client.client_id)

    assert answer.status_code == 401


async def test_concurrent_guesses_get_no_more_attempts_than_sequential_ones(
    caller: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 50"""
    answers = await asyncio.gather(
        *(wrong_secret(caller, client.client_id) for _ in range(FREE + 20))
    )

    statuses = [each.status_code for each in answers]
    assert statuses.count(401) == FREE
    assert statuses.count(429) == 20
