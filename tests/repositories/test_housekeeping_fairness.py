"""Turns of housekeeping: no table, lock or mistake keeps it from the others."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from app.database.database import Database
from app.errors import DatabaseUnavailableError
from app.repositories.oauth.ended_tokens import EndedTokenRepository
from app.repositories.operations.housekeeping import Deletion, HousekeepingRepository
from app.repositories.operations.leases import LeaseRepository
from app.services.operations.batch_sizes import BATCH_ROWS, MOST_ROWS, BatchSize, pause_after
from app.services.operations.housekeeping import Housekeeping
from tests.support.clock import FakeClock


class Table:
    """Rows that are due, and in which order they were taken among other tables."""

    def __init__(self, name: str, rows: int, log: list[str], error: Exception | None = None):
        self.rows = rows
        self._name = name
        self._log = log
        self._error = error

    async def delete(self, *, before: datetime, limit: int) -> int:
        self._log.append(self._name)
        if self._error is not None:
            raise self._error
        deleted = min(self.rows, limit)
        self.rows -= deleted
        return deleted


class WithTables(Housekeeping):
    tables: tuple[Table, ...] = ()

    def _deletions(self) -> tuple[Deletion, ...]:
        return tuple(table.delete for table in self.tables)


Run = Callable[..., Awaitable[int]]


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def run(database: Database, log: list[str]) -> Run:
    async def no_pause(_: float) -> None:
        await asyncio.sleep(0)

    async def rotate() -> None:
        log.append("keys")

    async def made(*tables: Table, **options: object) -> int:
        housekeeping = WithTables(
            housekeeping_repository=HousekeepingRepository(database),
            lease_repository=LeaseRepository(database),
            clock=FakeClock(),
            **{  # type: ignore[arg-type]
                "ended_token_repository": EndedTokenRepository(
                    database, access_lifetime=timedelta(hours=1)
                ),
                "interval": 60.0,
                "rotate_keys": rotate,
                "sleep": no_pause,
                "timer": lambda: 0.015 * len(log),
                **options,
            },
        )
        housekeeping.tables = tables
        return await housekeeping.run_once()

    return made


async def test_keys_rotate_first_and_tables_are_cleaned_in_rotation(
    run: Run, log: list[str]
) -> None:
    tables = Table("large", 3 * BATCH_ROWS, log), Table("small", 1, log), Table("empty", 0, log)

    removed = await run(*tables)

    assert removed == 3 * BATCH_ROWS + 1
    assert log[:6] == ["keys", "large", "small", "empty", "large", "large"]


@pytest.mark.parametrize("error", [DatabaseUnavailableError(), ValueError("a mistake of ours")])
async def test_a_table_that_cannot_be_cleaned_does_not_block_other_tables(
    run: Run, log: list[str], error: Exception
) -> None:
    tables = Table("locked", BATCH_ROWS, log, error), Table("other", BATCH_ROWS + 1, log)

    assert await run(*tables) == BATCH_ROWS + 1


async def test_a_failed_key_rotation_does_not_block_the_cleaning_of_tables(
    run: Run, log: list[str]
) -> None:
    async def fail() -> None:
        raise ValueError("a mistake of ours")

    assert await run(Table("rows", 1, log), rotate_keys=fail) == 1


async def test_a_run_ends_after_one_interval_so_that_keys_are_rotated_in_time(
    run: Run, log: list[str]
) -> None:
    """Where rows arrive as fast as they go"""
    table = Table("large", 10**9, log)

    await run(table, interval=1.0)

    assert log.count("large") < 100
    assert table.rows > 0


def test_batches_grow_while_they_are_fast_and_shrink_when_they_are_slow() -> None:
    size, sizes = BatchSize(0.015), []
    for seconds in (0.001, 0.001, 0.015, 0.03, 0.03, 0.03, *[0.0] * 9):
        size.learn(seconds)
        sizes.append(size.rows)

    assert sizes[:6] == [1000, 2000, 2000, 1000, BATCH_ROWS, BATCH_ROWS]
    assert sizes[-1] == MOST_ROWS


def test_pauses_leave_half_of_the_time_for_requests() -> None:
    assert [pause_after(seconds) for seconds in (0.0, 0.015, 10.0)] == [0.005, 0.015, 0.05]
