"""Counts of tries in the database: exact across workers (SECURITY_BAR rows 17 and 23, fault 9)."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from itertools import cycle, islice

import pytest
import pytest_asyncio
from sqlalchemy import select

from app.database.database import Database
from app.models.operations.limit_counters import limit_counters
from app.repositories.operations.limit_counters import LimitCounterRepository
from app.security.limit_rules import Attempt, AttemptOutcome, Rule
from tests.repositories.conftest import NOW
from tests.support.parts import open_database

Pair = tuple[LimitCounterRepository, LimitCounterRepository]

LOGIN = Rule("login", 10, 60.0, 6.0, 100.0, is_cleared_by_success=True)
ADDRESS = Rule("address", 20, 60.0, 3.0, 100.0)
ERRORS = Rule("errors", 10, 60.0)
SHARED = Rule("shared", 100, math.inf, 6.0, 900.0, 86_400.0, is_cleared_by_success=True)
ADA = Attempt(LOGIN, "ada")
STRANGERS = Attempt(SHARED, "ada")


@pytest_asyncio.fixture
async def stores(database: Database, database_url: str) -> AsyncIterator[Pair]:
    """Those of two workers."""
    async with open_database(database_url) as other:
        yield LimitCounterRepository(database), LimitCounterRepository(other)


def outcome(attempts: Sequence[Attempt], *, after: float, is_right: bool) -> AttemptOutcome:
    now = NOW + timedelta(seconds=after)
    return AttemptOutcome(attempts=attempts or [ADA], now=now, is_right=is_right, clears=True)


async def wrong(store: LimitCounterRepository, *attempts: Attempt, after: float = 0) -> float:
    return await store.take(outcome(attempts, after=after, is_right=False))


async def right(store: LimitCounterRepository, *attempts: Attempt, after: float = 0) -> float:
    return await store.take(outcome(attempts, after=after, is_right=True))


async def use_up(store: LimitCounterRepository) -> None:
    """The free tries, and the one after them, which begins the delays."""
    for _ in range(10):
        assert await wrong(store) == 0
    assert await wrong(store) > 0


@pytest.mark.parametrize("rule", [LOGIN, ERRORS])
async def test_two_workers_allow_only_the_free_attempts_of_fifty_concurrent_ones(
    stores: Pair, rule: Rule
) -> None:
    waits = await asyncio.gather(
        *(wrong(store, Attempt(rule, "ada")) for store in islice(cycle(stores), 50))
    )

    assert waits.count(0.0) == 10


async def test_one_of_fifty_concurrent_attempts_at_the_end_of_a_delay_is_allowed(
    stores: Pair,
) -> None:
    await use_up(stores[0])

    waits = await asyncio.gather(*(wrong(store, after=6.5) for store in islice(cycle(stores), 50)))

    assert waits.count(0.0) == 1


async def test_both_workers_read_the_remaining_delay_without_counting_an_attempt(
    stores: Pair,
) -> None:
    for _ in range(10):
        await wrong(stores[0])
        assert await stores[1].wait([ADA], now=NOW) == 0
    await wrong(stores[0])

    assert await stores[1].wait([ADA, Attempt(ERRORS, "ada")], now=NOW) == pytest.approx(
        6.0, abs=0.01
    )
    assert await stores[1].wait([Attempt(LOGIN, "bob")], now=NOW) == 0
    assert await stores[1].wait([ADA], now=NOW + timedelta(seconds=7)) == 0


async def test_attempts_with_the_same_keys_in_opposite_orders_do_not_deadlock(stores: Pair) -> None:
    many = [Attempt(ADDRESS, f"192.0.2.{number}") for number in range(8)]

    waits = await asyncio.gather(
        *(
            wrong(store, *(many if number % 2 else reversed(many)))
            for number, store in enumerate(islice(cycle(stores), 40))
        )
    )

    assert waits.count(0.0) == 20


async def test_a_refused_attempt_counts_only_under_the_rule_that_refused_it(stores: Pair) -> None:
    await use_up(stores[0])

    for _ in range(30):
        assert await wrong(stores[0], Attempt(ADDRESS, "192.0.2.1"), ADA) > 0

    passed = [await wrong(stores[1], Attempt(ADDRESS, "192.0.2.1")) for _ in range(20)]
    assert passed == [0.0] * 20


async def test_a_successful_attempt_clears_the_counts_of_its_rule_and_is_not_counted(
    stores: Pair,
) -> None:
    both = [ADA, Attempt(ADDRESS, "198.51.100.7")]
    for _ in range(9):
        await wrong(stores[0], *both)

    for _ in range(30):
        assert await right(stores[1], *both) == 0

    for _ in range(10):
        assert await wrong(stores[0], *both) == 0
    assert await wrong(stores[0], Attempt(ADDRESS, "198.51.100.7")) == 0
    assert await wrong(stores[0], Attempt(ADDRESS, "198.51.100.7")) > 0


async def test_a_correct_attempt_is_refused_whenever_a_wrong_one_would_be(stores: Pair) -> None:
    """Or guessing went on during the delay, and the answer told which guess was right."""
    await use_up(stores[0])

    assert await right(stores[1], after=3) > 0
    assert await right(stores[1], after=6.5) == 0

    for _ in range(10):
        assert await wrong(stores[0], after=6.5) == 0


async def test_delays_expire_after_the_time_set_by_their_rule(stores: Pair) -> None:
    await use_up(stores[0])
    assert await wrong(stores[1], after=3600) == 0  # its turn, and the next delay
    assert await wrong(stores[1], after=3601) > 0

    for _ in range(10):
        assert await wrong(stores[1], after=3600 + 12 + 3601) == 0


async def test_a_successful_attempt_without_prior_failures_writes_nothing(
    stores: Pair, database: Database
) -> None:
    await right(stores[0], ADA, Attempt(ADDRESS, "198.51.100.7"))

    assert not await database.fetch_all(select(limit_counters))


async def test_no_username_and_no_ip_is_stored(stores: Pair, database: Database) -> None:
    await wrong(stores[0], ADA, Attempt(ADDRESS, "198.51.100.7"))

    rows = await database.fetch_all(select(limit_counters))

    assert len(rows) == 2
    assert "ada" not in str(rows)
    assert "198.51.100.7" not in str(rows)


async def test_one_hundred_concurrent_cumulative_failures_are_allowed(stores: Pair) -> None:
    waits = await asyncio.gather(*(wrong(store, STRANGERS) for store in islice(cycle(stores), 120)))

    assert waits.count(0.0) == 100
    assert await right(stores[1], STRANGERS, after=3) > 0
    assert await right(stores[1], STRANGERS, after=7) == 0
    assert await wrong(stores[0], STRANGERS, after=8) == 0


async def test_cumulative_failures_expire_after_a_day_without_one(stores: Pair) -> None:
    for number in range(100):
        assert await wrong(stores[0], STRANGERS, after=number * 86_000) == 0
    last = 99 * 86_000

    assert await wrong(stores[1], STRANGERS, after=last + 86_000) > 0
    assert await wrong(stores[1], STRANGERS, after=last + 86_000 + 86_401) == 0


async def test_counting_restarts_after_a_count_is_cleared(stores: Pair, database: Database) -> None:
    for _ in range(101):
        await wrong(stores[0], STRANGERS)

    await stores[1].forget([STRANGERS, ADA], now=NOW)

    (row,) = await database.fetch_all(select(limit_counters))
    assert row[1:] == (0, 0, 0, 0, 0, NOW)
    assert await wrong(stores[0], STRANGERS) == 0
