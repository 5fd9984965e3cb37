"""A refused request can be looked up by its id, and nothing but a sample of a flood is stored."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from app.errors import NotFoundError
from app.observability.refusals import RefusedRequest
from app.repositories.operations.activity import ActivityRepository
from app.repositories.operations.refusals import RefusalRepository
from app.services.operations.activity import (
    MAXIMUM_KEYS,
    MAXIMUM_ROWS,
    MAXIMUM_ROWS_OF_NETWORK,
    ActivityCollector,
    ActivityKind,
)
from app.services.operations.refusals import ActivityService, ExplainedRefusal
from app.wiring import Services, build_services
from tests.conftest import AppFactory
from tests.protocol.assertions_of_clients import signing_client
from tests.protocol.refusals import CORPUS, Refused, World
from tests.support.application import NO_LIMITS, Application, TestClient, TestUser
from tests.support.broken_outbox import writes_refused
from tests.support.callers import calling_from
from tests.support.clock import FakeClock
from tests.support.parts import count, services_of
from tests.support.visitor import query
from tests.support.waiting import eventually

pytestmark = pytest.mark.both_databases

APP_SETTINGS = NO_LIMITS
DAY = 86_400


@pytest_asyncio.fixture(scope="module")
async def world(app: Application) -> World:
    return World(
        app,
        await app.create_client(scope="openid profile"),
        await app.create_client(),
        await app.create_client(token_endpoint_auth_method="none"),
        await signing_client(app),
        await app.enrolled_user(),
    )


@pytest_asyncio.fixture
async def idle_worker(app: Application) -> AsyncIterator[Services]:
    """Another worker on the same database, without background jobs."""
    services = build_services(app.settings, app.clock)
    yield services
    await services.close()


async def write(app: Application) -> None:
    """Do what the background job does every few seconds."""
    await services_of(app).operations.activity.writer.run_once()


async def looked_up(app: Application, answer: Any) -> ExplainedRefusal:
    """Return the refusal of a request; the background job may be writing it."""
    await write(app)
    refusals = services_of(app).operations.activity.refusals
    found: list[ExplainedRefusal] = []

    async def is_found() -> bool:
        try:
            found.append(await refusals.get(answer.headers["x-request-id"]))
        except NotFoundError:
            return False
        return True

    await eventually(is_found)
    return found[0]


def counts_of(app: Application) -> ActivityService:
    return services_of(app).operations.activity.counts


async def sums(app: Application, kind: ActivityKind) -> dict[str, int]:
    """Return the sums of the last day by key."""
    await write(app)
    since = app.clock.now() - timedelta(days=1)
    top = await counts_of(app).top(kind, since=since, limit=1000)
    return {each.key: each.count for each in top}


def refused(number: int, *, reason: str = "the code is unknown", network: str) -> RefusedRequest:
    return RefusedRequest(
        request_id=f"{network}-{number}",
        error="invalid_grant",
        reason=reason,
        status=400,
        method="POST",
        path="/token",
        client_id="a",
        user_id=None,
        network=network,
    )


@pytest.mark.parametrize("case", CORPUS.values(), ids=CORPUS.keys())
async def test_a_refusal_says_which_rule_refused_it_and_how_to_fix_it(
    world: World, case: Refused
) -> None:
    answer = await case.send(world)

    explained = await looked_up(world.app, answer)

    refusal = explained.refusal
    assert refusal.error == case.error
    assert case.reason in refusal.reason
    assert refusal.status == answer.status_code
    assert refusal.rule != "other" or case.error in ("invalid_code", "username_taken")
    assert explained.explanation
    assert explained.advice


async def test_the_advice_for_an_unregistered_redirect_uri_is_the_command_that_adds_it(
    app: Application, client: TestClient
) -> None:
    uri = "https://new.example/cb?code=a-secret"
    page = await app.http.get(f"/authorize?{query(client, redirect_uri=uri)}")

    explained = await looked_up(app, page)

    refusal = explained.refusal
    assert refusal.rule == "redirect_uri_not_registered"
    assert "registered" in explained.explanation
    assert f"postern clients set {client.client_id} --add-redirect-uri" in explained.advice
    assert (refusal.method, refusal.path) == ("GET", "/authorize")


async def test_a_refusal_stores_no_secret_and_no_address(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 3"""
    async with calling_from(app, "198.51.100.77") as stranger:
        wrong = await stranger.password_grant(client, user, password="wrong password")
        token = await stranger.refresh(client, "postern_rt_pasted")

    for answer in (wrong, token):
        stored = repr((await looked_up(app, answer)).refusal)
        for secret in ("wrong password", client.client_secret, "pasted", "198.51.100.77"):
            assert secret not in stored
    refusal = (await looked_up(app, wrong)).refusal
    assert refusal.network == "198.51.100.0/24"
    account = await services_of(app).accounts.users.get(user.username)
    assert refusal.user_id == account.user_id


async def test_refusals_are_listed_by_client_error_and_time(
    app: Application, client: TestClient
) -> None:
    first = await app.token(client, grant_type="magic-of-this-test")
    app.clock.advance(seconds=60)
    since = app.clock.now()
    second = await app.token(client, grant_type="authorization_code", code="x")
    await looked_up(app, first)
    await looked_up(app, second)
    refusals = services_of(app).operations.activity.refusals

    of_client = await refusals.list_page(client_id=client.client_id)
    recent = await refusals.list_page(since=since)
    by_error = await refusals.list_page(error="unsupported_grant_type", limit=1)
    older = await refusals.list_page(before=by_error[0].refusal.refusal_id)

    assert [each.refusal.error for each in of_client] == ["invalid_grant"]
    assert [each.refusal.request_id for each in recent] == [second.headers["x-request-id"]]
    assert by_error[0].refusal.request_id == first.headers["x-request-id"]
    assert older[0].refusal.refusal_id < by_error[0].refusal.refusal_id


async def test_sign_ins_tokens_and_refusals_are_counted_by_the_hour(start_app: AppFactory) -> None:
    app = await start_app(**NO_LIMITS)
    first, second, user = (
        await app.create_client(),
        await app.create_client(),
        await app.enrolled_user(),
    )
    for client, times in ((first, 1), (second, 3)):
        for _ in range(times):
            assert (await app.client_credentials(client)).status_code == 200
    await app.password_grant(first, user)
    for _ in range(2):
        await app.password_grant(first, user, password="wrong password")

    assert await sums(app, ActivityKind.TOKENS) == {first.client_id: 2, second.client_id: 3}
    assert await sums(app, ActivityKind.SIGN_INS) == {"succeeded": 1, "refused": 2}
    assert await sums(app, ActivityKind.REFUSALS) == {"password_wrong": 2}
    top = await counts_of(app).top(
        ActivityKind.TOKENS, since=app.clock.now() - timedelta(hours=1), limit=1
    )
    assert [each.key for each in top] == [second.client_id]

    app.clock.advance(seconds=3600)
    await app.client_credentials(first)
    await write(app)
    since = app.clock.now() - timedelta(hours=2)
    totals = await counts_of(app).totals(ActivityKind.TOKENS, since=since)
    assert [each.count for each in totals] == [5, 1]
    by_hour = await counts_of(app).by_hour(ActivityKind.TOKENS, since=since)
    assert sum(each.count for each in by_hour) == 6
    assert totals[1].hour - totals[0].hour == timedelta(hours=1)


async def test_two_workers_add_to_the_same_sums(app: Application, idle_worker: Services) -> None:
    client = await app.create_client()
    await app.client_credentials(client)
    for _ in range(4):
        idle_worker.core.activity.token_issued(client.client_id)

    await asyncio.gather(write(app), idle_worker.operations.activity.writer.run_once())

    assert (await sums(app, ActivityKind.TOKENS))[client.client_id] == 5


async def test_a_flood_is_stored_as_a_sample_and_leaves_room_for_others() -> None:
    collector = ActivityCollector(FakeClock(), keeps_refusals=True)
    for number in range(5_000):
        collector.refused(refused(number, network="192.0.2.0/24"))
    for number in range(3):
        collector.refused(refused(number, network="198.51.100.0/24"))
    collector.refused(refused(1, reason="the refresh token has expired", network="192.0.2.0/24"))

    batch = collector.take()

    flood = [
        each
        for each in batch.refusals
        if (each.rule, each.network) == ("code_invalid", "192.0.2.0/24")
    ]
    assert len(flood) == MAXIMUM_ROWS_OF_NETWORK
    assert sum(each.count for each in flood) == 5_000
    assert len(batch.refusals) == MAXIMUM_ROWS_OF_NETWORK + 3 + 1
    assert batch.counts[ActivityKind.REFUSALS, "code_invalid"] == 5_003
    assert collector.take().is_empty


def test_the_memory_of_the_buffer_is_bounded() -> None:
    """SECURITY_BAR row 12: strangers choose the path, and the networks that they call from"""
    collector = ActivityCollector(FakeClock(), keeps_refusals=True)
    tracemalloc.start()
    try:
        for number in range(20_000):
            network, path = f"2001:db8:{number:x}::/48", f"/{number}{'x' * 60_000}"
            collector.refused(refused(number, network=network)._replace(path=path))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held < 1_000_000


async def test_the_buffer_is_bounded_and_counts_what_it_drops() -> None:
    collector = ActivityCollector(FakeClock(), keeps_refusals=True)
    for number in range(3 * MAXIMUM_ROWS):
        collector.refused(refused(number, network=f"10.{number // 250}.{number % 250}.0/24"))
    for number in range(2 * MAXIMUM_KEYS):
        collector.token_issued(f"client {number}")

    batch = collector.take()

    stored = sum(each.count for each in batch.refusals)
    assert len(batch.refusals) <= MAXIMUM_ROWS
    assert stored + batch.counts[ActivityKind.DROPPED_REFUSALS, ""] == 3 * MAXIMUM_ROWS
    assert len(batch.counts) <= MAXIMUM_KEYS + 1
    tokens = [count for (kind, _), count in batch.counts.items() if kind == ActivityKind.TOKENS]
    assert sum(tokens) == 2 * MAXIMUM_KEYS


async def test_a_batch_that_cannot_be_written_is_written_later(
    app: Application, idle_worker: Services
) -> None:
    network = app.new_name("network")
    idle_worker.core.activity.refused(refused(1, network=network))
    idle_worker.core.activity.token_issued(network)
    writer = idle_worker.operations.activity.writer

    async with writes_refused(app, "activity_counts"):
        with pytest.raises(Exception, match=r".*"):
            await writer.run_once()
    with pytest.raises(NotFoundError):
        await idle_worker.operations.activity.refusals.get(f"{network}-1")
    await writer.run_once()
    await writer.run_once()

    refusal = (await idle_worker.operations.activity.refusals.get(f"{network}-1")).refusal
    assert (refusal.rule, refusal.count) == ("code_invalid", 1)
    assert (await sums(app, ActivityKind.TOKENS))[network] == 1


async def test_the_last_batch_is_written_when_the_server_stops(
    app: Application, idle_worker: Services
) -> None:
    network = app.new_name("network")
    job = asyncio.create_task(idle_worker.operations.activity.writer.run_forever())
    await asyncio.sleep(0)
    idle_worker.core.activity.refused(refused(1, network=network))

    job.cancel()
    await asyncio.gather(job, return_exceptions=True)

    assert (await services_of(app).operations.activity.refusals.get(f"{network}-1")).advice


async def test_a_refused_request_sends_no_statement_for_its_refusal(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any, **__: Any) -> None:
        raise AssertionError("a request has written")

    monkeypatch.setattr(ActivityRepository, "add", never)

    answer = await app.http.post("/token", data={"grant_type": "magic"})

    assert answer.status_code == 400


async def test_zero_stores_no_refusal_but_still_counts(start_app: AppFactory) -> None:
    app = await start_app(refusals_kept=0)
    client = await app.create_client()
    await app.token(client, grant_type="magic")

    assert await sums(app, ActivityKind.REFUSALS) == {"grant_type_unsupported": 1}
    assert await count(services_of(app).core.database, "refusals") == 0


async def test_housekeeping_keeps_the_last_refusals_and_evicts_those_of_a_flood_first(
    start_app: AppFactory,
) -> None:
    app = await start_app(refusals_kept=100)
    services = services_of(app)
    collector = ActivityCollector(app.clock, keeps_refusals=True)
    repository = ActivityRepository(services.core.database)

    async def store(*some: RefusedRequest) -> None:
        for each in some:
            collector.refused(each)
        await repository.add(collector.take().refusals, {}, hour=app.clock.now())

    await store(refused(0, network="of a user", reason="the pending request has expired"))
    for number in range(10):
        flood = [refused(number * 20 + each, network="flood") for each in range(20)]
        await store(*flood)
    await services.operations.housekeeping.run_once()

    page = await RefusalRepository(services.core.database).list_page(limit=500)
    assert len(page) == 100
    assert page[0].request_id == "flood-199"
    assert page[-1].network == "of a user"


async def test_counts_are_deleted_after_90_days(start_app: AppFactory) -> None:
    app = await start_app()
    client = await app.create_client()
    await app.client_credentials(client)
    await write(app)
    housekeeping = services_of(app).operations.housekeeping
    database = services_of(app).core.database

    app.clock.advance(seconds=90 * DAY - 2 * 3600)
    await housekeeping.run_once()
    assert await count(database, "activity_counts") > 0
    app.clock.advance(seconds=4 * 3600)
    await housekeeping.run_once()

    assert await count(database, "activity_counts") == 0
