"""PostgreSQL, and somebody else's locks: only those who need what is locked wait for it."""

import asyncio
from collections.abc import Sequence

import httpx
import pytest

from app.security.tokens import digest_of
from tests.conftest import AppFactory
from tests.support.application import NO_LIMITS, Application, TestClient
from tests.support.assertions import assert_oauth_error
from tests.support.locks import holding
from tests.support.machine import scaled
from tests.support.waiting import within

pytestmark = pytest.mark.timing

DATABASES = ("postgresql",)
AT_ONCE = 1.0
"""Seconds within which an idle machine answers what no lock holds up."""
LOCKED_ROWS = "SELECT 1 FROM refresh_tokens WHERE digest = ANY($1) FOR UPDATE"


async def start(start_app: AppFactory) -> Application:
    """One whose database may take so long that waiting for a lock is told from going on."""
    return await start_app(**NO_LIMITS, database_timeout=60)


async def signed_in(app: Application, client: TestClient, count: int) -> list[str]:
    user = await app.enrolled_user()
    answers = await asyncio.gather(*(app.password_grant(client, user) for _ in range(count)))
    return [answer.json()["refresh_token"] for answer in answers]


async def answered_at_once(requests: Sequence["asyncio.Task[httpx.Response]"]) -> set[int]:
    async with within(AT_ONCE):
        return {answer.status_code for answer in await asyncio.gather(*requests)}


def minted(
    app: Application, client: TestClient, count: int = 100
) -> list["asyncio.Task[httpx.Response]"]:
    return [asyncio.create_task(app.client_credentials(client)) for _ in range(count)]


async def test_two_locked_refresh_tokens_do_not_block_other_requests(start_app: AppFactory) -> None:
    app = await start(start_app)
    client = await app.create_client()
    tokens = await signed_in(app, client, 42)

    async with holding(
        app.settings.database_url, LOCKED_ROWS, [digest_of(token) for token in tokens[:2]]
    ):
        refreshes = [asyncio.create_task(app.refresh(client, token)) for token in tokens]
        statuses = await answered_at_once(minted(app, client))
        others = await answered_at_once(refreshes[2:])
        is_waiting = not any(refresh.done() for refresh in refreshes[:2])
        later = await answered_at_once(minted(app, client))

    assert statuses == later == others == {200}
    assert is_waiting
    assert await answered_at_once(refreshes[:2]) == {200}


async def test_a_released_row_is_processed_promptly_while_other_rows_are_still_locked(
    start_app: AppFactory,
) -> None:
    app = await start(start_app)
    client = await app.create_client()
    tokens = await signed_in(app, client, 6)

    async with holding(
        app.settings.database_url, LOCKED_ROWS, [digest_of(token) for token in tokens[:5]]
    ):
        async with holding(app.settings.database_url, LOCKED_ROWS, [digest_of(tokens[5])]):
            waiting = [asyncio.create_task(app.refresh(client, token)) for token in tokens]
            await asyncio.sleep(0.3)
            assert not any(each.done() for each in waiting)
        assert await answered_at_once(waiting[5:]) == {200}

    assert await answered_at_once(waiting) == {200}


async def test_a_locked_row_causes_a_503_at_the_deadline_and_can_be_used_later(
    start_app: AppFactory,
) -> None:
    app = await start_app(**NO_LIMITS, database_timeout=scaled(1))
    client = await app.create_client()
    [token] = await signed_in(app, client, 1)

    async with holding(app.settings.database_url, LOCKED_ROWS, [digest_of(token)]):
        refused = await app.refresh(client, token)

    assert_oauth_error(refused, "temporarily_unavailable", status=503)
    assert (await app.refresh(client, token)).status_code == 200


async def test_a_locked_table_blocks_only_requests_that_write_to_it(start_app: AppFactory) -> None:
    app = await start(start_app)
    client = await app.create_client()
    [token] = await signed_in(app, client, 1)
    access = (await app.client_credentials(client)).json()["access_token"]

    async with holding(app.settings.database_url, "LOCK TABLE refresh_tokens IN EXCLUSIVE MODE"):
        refresh = asyncio.create_task(app.refresh(client, token))
        user = await app.enrolled_user()
        signing_in = [asyncio.create_task(app.password_grant(client, user)) for _ in range(50)]
        statuses = await answered_at_once(minted(app, client))
        await asyncio.sleep(0.5)
        later = await answered_at_once(minted(app, client))
        read = await answered_at_once([asyncio.create_task(app.profile(access))])
        is_waiting = not any(each.done() for each in (refresh, *signing_in))

    assert statuses == later == read == {200}
    assert is_waiting
    assert await answered_at_once([refresh, *signing_in]) == {200}


async def test_an_unreadable_table_does_not_block_lookups_in_other_tables(
    start_app: AppFactory,
) -> None:
    app = await start(start_app)
    client = await app.create_client()
    access = (await app.client_credentials(client)).json()["access_token"]

    tokens = await signed_in(app, client, 20)

    async with holding(
        app.settings.database_url, "LOCK TABLE refresh_tokens IN ACCESS EXCLUSIVE MODE"
    ):
        blocked = [asyncio.create_task(app.refresh(client, token)) for token in tokens]
        await asyncio.sleep(0.2)
        statuses = await answered_at_once(
            [asyncio.create_task(app.profile(access)) for _ in range(50)]
        )
        assert not any(each.done() for each in blocked)

    assert statuses == {200}
    assert await answered_at_once(blocked) == {200}
