"""The lease of housekeeping: by the clock of the database, and given back."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text, update

from app.database.database import Database
from app.models.operations.leases import leases
from app.repositories.operations.leases import LeaseRepository
from app.services.operations.housekeeping import LEASE
from tests.conftest import AppFactory
from tests.support.databases import Databases
from tests.support.parts import count, open_database, services_of

MINUTE = timedelta(minutes=1)


async def test_only_one_of_two_workers_holds_the_lease(database: Database) -> None:
    repository = LeaseRepository(database)

    answers = [
        await repository.take(LEASE, holder, lasts=MINUTE)
        for holder in ("one", "other", "one", "other")
    ]

    assert answers == [True, False, True, False]


async def test_only_one_of_many_workers_that_start_together_gets_the_lease(
    databases: Databases, database_kind: str
) -> None:
    url = await databases.migrated(database_kind)
    async with open_database(url) as first, open_database(url) as second:
        taken = await asyncio.gather(
            *(
                LeaseRepository(database).take(LEASE, f"worker-{place}", lasts=MINUTE)
                for place, database in enumerate([first, second] * 5)
            )
        )

        assert sum(taken) == 1


async def test_a_lease_expires_by_the_clock_of_the_database(database: Database) -> None:
    """SECURITY_BAR, fault 12: no worker's own clock has a say in it"""
    await LeaseRepository(database).take(LEASE, "one", lasts=MINUTE)

    row = await database.fetch_one(
        text(
            "SELECT strftime('%s', expires_at) - strftime('%s', 'now') FROM leases"
            if database.backend.name == "sqlite"
            else "SELECT extract(epoch FROM expires_at - now()) FROM leases"
        )
    )

    assert row is not None
    assert 0 < float(row[0]) <= 61


@pytest.mark.parametrize("seconds", [-1, 3660, 86_400])
async def test_an_expired_or_implausibly_long_lease_is_taken_over(
    database: Database, seconds: float
) -> None:
    """Also one of a clock that was an hour ahead, as of a worker of an older release"""
    repository = LeaseRepository(database)
    await repository.take(LEASE, "dead", lasts=MINUTE)
    ends = datetime.now(UTC) + timedelta(seconds=seconds)  # the lease goes by this clock
    await database.change(update(leases).values(expires_at=ends))

    assert await repository.take(LEASE, "other", lasts=MINUTE)
    assert not await repository.take(LEASE, "dead", lasts=MINUTE)


async def test_only_the_holder_can_release_a_lease(database: Database) -> None:
    repository = LeaseRepository(database)
    await repository.take(LEASE, "one", lasts=MINUTE)

    await repository.give_back(LEASE, "other")
    still = await repository.take(LEASE, "other", lasts=MINUTE)
    await repository.give_back(LEASE, "one")
    then = await repository.take(LEASE, "other", lasts=MINUTE)

    assert (still, then) == (False, True)


async def test_a_server_releases_its_lease_when_it_stops(
    databases: Databases, database_kind: str, start_app: AppFactory
) -> None:
    url = await databases.migrated(database_kind)
    app = await start_app(database_url=url)
    housekeeping = services_of(app).operations.housekeeping

    async def stop(_: float) -> None:
        raise asyncio.CancelledError

    await housekeeping.run_once()
    housekeeping._sleep = stop
    held = await count(services_of(app).core.database, "leases")
    with pytest.raises(asyncio.CancelledError):
        await housekeeping.run_forever()

    assert (held, await count(services_of(app).core.database, "leases")) == (1, 0)
