"""Limits that several servers share through Redis, and what holds while it is gone (SECURITY_BAR,
faults 9 and 18)."""

import asyncio
import hashlib
import logging
import math
import re
import shutil
from collections.abc import AsyncIterator, Sequence
from itertools import cycle, islice
from pathlib import Path

import pytest
import pytest_asyncio

from app.outbound import redis_scripts, shared_limits
from app.outbound.shared_limits import SharedLimits
from app.security.limit_rules import Attempt, AttemptOutcome, Rule
from app.startup_errors import StartupError
from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.clock import FakeClock
from tests.support.databases import Databases
from tests.support.machine import scaled
from tests.support.parts import services_of
from tests.support.redis import COMMAND, PASSWORD, RedisServer, running_redis
from tests.support.waiting import eventually, within

pytestmark = [
    pytest.mark.timing,
    pytest.mark.skipif(shutil.which(COMMAND) is None, reason="needs a redis-server"),
]

NOW = FakeClock().now()
LOGIN = Rule("login", 10, 60.0, 6.0, 100.0, is_cleared_by_success=True)
ADDRESS = Rule("address", 20, 60.0, 3.0, 100.0)
ERRORS = Rule("errors", 10, 60.0)
SHARED = Rule("shared", 100, math.inf, 6.0, 900.0, 86_400.0, is_cleared_by_success=True)
STRANGERS = Attempt(SHARED, "ada")


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no reason to take Redis for gone."""
    monkeypatch.setattr(redis_scripts, "TIMEOUT", scaled(1))


@pytest_asyncio.fixture
async def redis(tmp_path: Path) -> AsyncIterator[RedisServer]:
    async with running_redis(tmp_path) as made:
        yield made


@pytest_asyncio.fixture
async def stores(redis: RedisServer) -> AsyncIterator[tuple[SharedLimits, SharedLimits]]:
    """Those of two servers."""
    made = SharedLimits(redis.url), SharedLimits(redis.url)
    yield made
    for each in made:
        await each.close()


def outcome(attempts: Sequence[Attempt], *, is_right: bool) -> AttemptOutcome:
    return AttemptOutcome(
        attempts=attempts or [Attempt(LOGIN, "ada")], now=NOW, is_right=is_right, clears=True
    )


async def wrong(store: SharedLimits, *attempts: Attempt) -> float:
    return await store.take(outcome(attempts, is_right=False))


async def right(store: SharedLimits, *attempts: Attempt) -> float:
    return await store.take(outcome(attempts, is_right=True))


async def wait(store: SharedLimits, *attempts: Attempt) -> float:
    return await store.wait(attempts or [Attempt(LOGIN, "ada")], now=NOW)


async def use_up(store: SharedLimits) -> None:
    """The free tries, and the one after them, which begins the delays."""
    for _ in range(10):
        assert await wrong(store) == 0
    assert await wrong(store) > 0


@pytest.mark.parametrize("rule", [LOGIN, ERRORS])
async def test_two_servers_allow_only_the_free_attempts_of_fifty_concurrent_ones(
    stores: tuple[SharedLimits, SharedLimits], rule: Rule
) -> None:
    """SECURITY_BAR row 23; fault 9"""
    waits = await asyncio.gather(
        *(wrong(store, Attempt(rule, "ada")) for store in islice(cycle(stores), 50))
    )

    assert waits.count(0.0) == 10
    assert [store.fallbacks for store in stores] == [0, 0]


async def test_other_names_and_other_rules_have_separate_counts(
    stores: tuple[SharedLimits, SharedLimits],
) -> None:
    await use_up(stores[0])

    assert await wrong(stores[1], Attempt(LOGIN, "bob")) == 0
    assert await wrong(stores[1], Attempt(ERRORS, "ada")) == 0
    assert await wrong(stores[1], Attempt(LOGIN, "ada")) > 0


async def test_the_delay_doubles_with_each_attempt_after_the_free_ones(
    redis: RedisServer, stores: tuple[SharedLimits, SharedLimits]
) -> None:
    """SECURITY_BAR row 17"""
    await use_up(stores[0])
    waits = [await wait(stores[1])]

    for _ in range(5):
        await redis.end_blocks()
        assert await wrong(stores[0]) == 0
        waits.append(await wait(stores[1]))

    assert [round(each) for each in waits] == [6, 12, 24, 48, 96, 100]


async def test_one_of_fifty_concurrent_attempts_at_the_end_of_a_delay_is_allowed(
    redis: RedisServer, stores: tuple[SharedLimits, SharedLimits]
) -> None:
    """SECURITY_BAR row 17; fault 9"""
    await use_up(stores[0])
    for _ in range(5):
        await redis.end_blocks()

        waits = await asyncio.gather(*(wrong(store) for store in islice(cycle(stores), 50)))

        assert waits.count(0.0) == 1


async def test_a_successful_attempt_clears_the_counts_of_its_rule_and_is_not_counted(
    stores: tuple[SharedLimits, SharedLimits],
) -> None:
    both = [Attempt(LOGIN, "ada"), Attempt(ADDRESS, "198.51.100.7")]
    for _ in range(9):
        await wrong(stores[0], *both)

    for _ in range(30):
        assert await right(stores[1], *both) == 0

    for _ in range(10):
        assert await wrong(stores[0], *both) == 0
    assert await wrong(stores[0], *both) > 0
    assert await wrong(stores[0], Attempt(ADDRESS, "198.51.100.7")) == 0
    assert await wrong(stores[0], Attempt(ADDRESS, "198.51.100.7")) > 0


async def test_a_correct_attempt_is_refused_whenever_a_wrong_one_would_be(
    redis: RedisServer, stores: tuple[SharedLimits, SharedLimits]
) -> None:
    """Or guessing went on during the delay, and the answer told which guess was right."""
    await use_up(stores[0])

    assert await right(stores[1]) > 0

    await redis.end_blocks()
    assert await right(stores[1]) == 0
    for _ in range(10):
        assert await wrong(stores[0]) == 0


async def test_a_refused_attempt_counts_only_under_the_rule_that_refused_it(
    stores: tuple[SharedLimits, SharedLimits],
) -> None:
    await use_up(stores[0])

    for _ in range(30):
        assert await wrong(stores[0], Attempt(ADDRESS, "192.0.2.1"), Attempt(LOGIN, "ada")) > 0
    for _ in range(10):
        await wrong(stores[0], Attempt(ERRORS, "client"))
    for _ in range(30):
        assert await wrong(stores[0], Attempt(ADDRESS, "192.0.2.1"), Attempt(ERRORS, "client")) > 0

    passed = [await wrong(stores[1], Attempt(ADDRESS, "192.0.2.1")) for _ in range(20)]
    assert passed == [0.0] * 20


async def test_cumulative_failures_are_shared_and_cleared_by_a_success(
    redis: RedisServer, stores: tuple[SharedLimits, SharedLimits]
) -> None:
    """SECURITY_BAR row 17; NIST SP 800-63B-4 section 3.2.2"""
    waits = [await wrong(store, STRANGERS) for store in islice(cycle(stores), 101)]
    during = await right(stores[0], STRANGERS)
    await redis.end_blocks()
    after = await right(stores[1], STRANGERS)

    assert waits == [0.0] * 100 + [6.0]
    assert during > 0
    assert after == 0
    assert [await wrong(store, STRANGERS) for store in islice(cycle(stores), 100)] == [0.0] * 100


async def test_cumulative_failures_expire_a_day_after_the_last_one(
    redis: RedisServer, stores: tuple[SharedLimits, SharedLimits]
) -> None:
    """SECURITY_BAR row 17: from the last failure on, not from the first"""
    await wrong(stores[0], STRANGERS)
    async with redis.client() as client:
        (key,) = [key async for key in client.scan_iter("*")]
        await client.expire(key, 60)
        await wrong(stores[1], STRANGERS)

        assert await client.ttl(key) > 86_000


@pytest.mark.parametrize("is_away", [False, True])
async def test_counting_restarts_after_a_count_is_cleared(
    redis: RedisServer, stores: tuple[SharedLimits, SharedLimits], is_away: bool
) -> None:
    """SECURITY_BAR row 17; fault 18: also while each process counts for itself"""
    if is_away:
        redis.kill()
    for _ in range(101):
        last = await wrong(stores[0], STRANGERS)

    await stores[0].forget([STRANGERS], now=NOW)

    assert last > 0
    assert await wrong(stores[0], STRANGERS) == 0


async def test_redis_keys_contain_no_names_and_expire(
    redis: RedisServer, stores: tuple[SharedLimits, SharedLimits]
) -> None:
    await use_up(stores[0])
    await wrong(stores[0], Attempt(ADDRESS, "192.0.2.1"))

    async with redis.client() as client:
        keys = [key async for key in client.scan_iter("*")]
        lives = [await client.ttl(key) for key in keys]

    assert keys
    for key in keys:
        assert re.fullmatch(r"postern:\{?[0-9a-f]{64}:[a-z:]+\}?(/-1)?", key)
    assert min(lives) > 0


async def test_counts_that_an_earlier_release_left_in_redis_still_apply(
    redis: RedisServer, stores: tuple[SharedLimits, SharedLimits]
) -> None:
    """SECURITY_BAR row 17: with other keys or fields an upgrade would allow further guesses"""
    counts, turns = (
        f"postern:{hashlib.sha256(name).hexdigest()}:count"
        for name in (b"login\0ada", b"login turns\0ada from 192.0.2.1")
    )
    attempt = Attempt(LOGIN, "ada", backoff_key="ada from 192.0.2.1")
    async with redis.client() as client:
        blocked_until = (await client.time())[0] + 50
        await client.hset(
            counts, mapping={"w": "0", "c": "10", "p": "2", "s": "1", "b": "0.000000"}
        )
        await client.hset(
            turns, mapping={"w": "0", "c": "0", "p": "0", "s": "3", "b": blocked_until}
        )

        delayed = await wait(stores[0], attempt)
        await redis.end_blocks()
        allowed = await wrong(stores[0], attempt)
        keys = {key async for key in client.scan_iter("*")}
        values = await client.hgetall(turns)

    assert 40 < delayed <= 50
    assert allowed == 0
    assert keys == {counts, turns}
    assert {**values, "b": ""} == {"w": "0", "c": "0", "p": "0", "s": "4", "b": ""}
    assert re.fullmatch(r"\d+\.\d{6}", values["b"])


async def test_a_delay_is_corrected_after_the_clock_of_redis_was_set_back(
    redis: RedisServer, stores: tuple[SharedLimits, SharedLimits]
) -> None:
    """SECURITY_BAR, fault 12"""
    await use_up(stores[0])
    async with redis.client() as client:
        (key,) = [key async for key in client.scan_iter("*")]
        await client.hset(key, "b", (await client.time())[0] + 86_400)

    before = await wait(stores[0])
    refused = await wrong(stores[0])
    after = await wait(stores[1])

    assert (before, refused) == (0, 100)
    assert 90 < after <= 100


async def test_each_server_limits_separately_while_redis_is_down_and_logs_it_once(
    redis: RedisServer,
    stores: tuple[SharedLimits, SharedLimits],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """SECURITY_BAR, fault 18"""
    for _ in range(5):
        await wrong(stores[0])
    redis.kill()
    with caplog.at_level(logging.INFO, logger="postern"):
        waits = await asyncio.gather(*(wrong(stores[0]) for _ in range(50)))

    assert waits.count(0.0) == 10
    assert stores[0].fallbacks == 50
    assert await wait(stores[0]) > 0
    told = [
        each.getMessage() for each in caplog.records if "shared rate limits" in each.getMessage()
    ]
    assert len(told) == 1
    assert PASSWORD not in caplog.text


async def test_counting_in_redis_resumes_after_an_outage(
    redis: RedisServer,
    stores: tuple[SharedLimits, SharedLimits],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """SECURITY_BAR, fault 18"""
    redis.kill()
    await use_up(stores[0])
    await redis.start()

    async def counts_there() -> bool:
        before = stores[0].fallbacks
        await wrong(stores[0], Attempt(LOGIN, "bob"))
        return stores[0].fallbacks == before

    with caplog.at_level(logging.INFO, logger="postern"):
        await eventually(counts_there)

    async def the_other_server_knows() -> bool:
        await wrong(stores[0])
        return await wait(stores[1]) > 0

    await eventually(the_other_server_knows)
    assert "the shared rate limits are available again" in caplog.text


async def test_an_unresponsive_redis_delays_only_the_first_request(
    redis: RedisServer, stores: tuple[SharedLimits, SharedLimits]
) -> None:
    """SECURITY_BAR, fault 18"""
    await wrong(stores[0])
    redis.stall()
    try:
        async with within(60):  # it would be 125 s if each waited
            waits = [await wrong(stores[0]) for _ in range(500)]
    finally:
        redis.go_on()

    assert waits.count(0.0) == 10


async def test_two_servers_share_password_attempts_and_limit_separately_without_redis(
    redis: RedisServer, start_app: AppFactory, databases: Databases, database_kind: str
) -> None:
    """SECURITY_BAR rows 23 and 50; faults 9 and 18"""
    url = await databases.migrated(database_kind)
    servers = [
        await start_app(database_url=url, redis_url=redis.url, login_limit=5) for _ in range(2)
    ]
    client, user = await servers[0].create_client(), await servers[0].enrolled_user()

    async def guess(server: Application) -> int:
        answer = await server.password_grant(client, user, password="a wrong one")
        assert ("retry-after" in answer.headers) == (answer.status_code == 429)
        return answer.status_code

    together = [await guess(server) for server in islice(cycle(servers), 12)]
    redis.kill()
    alone = [[await guess(server) for _ in range(8)] for server in servers]

    assert together == [400] * 5 + [429] * 7
    assert alone == [[400] * 5 + [429] * 3] * 2
    for server in servers:
        shared = services_of(server).core.shared_limits
        assert shared is not None
        assert shared.fallbacks > 0


@pytest.mark.parametrize("url", ["redis://host:secret-word", "redis://:secret-word@[::1"])
def test_an_invalid_redis_url_is_reported_without_its_password(url: str) -> None:
    with pytest.raises(StartupError) as refusal:
        SharedLimits(url)

    assert "REDIS_URL" in str(refusal.value)
    assert "secret-word" not in str(refusal.value)


async def test_the_last_log_line_about_redis_matches_its_current_state(
    redis: RedisServer,
    stores: tuple[SharedLimits, SharedLimits],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SECURITY_BAR, fault 18: however soon it goes away again"""
    monkeypatch.setattr(shared_limits, "ASKED_AGAIN_AFTER", 0.0)

    async def count() -> None:
        await asyncio.gather(*(wrong(stores[0]) for _ in range(20)))

    with caplog.at_level(logging.INFO, logger="postern"):
        await count()
        for _ in range(2):
            redis.kill()
            await count()
            await redis.start()
            await count()
        redis.kill()
        await count()

    told = [
        each.getMessage() for each in caplog.records if "shared rate limits" in each.getMessage()
    ]
    assert ["again" in each for each in told] == [False, True, False, True, False]
