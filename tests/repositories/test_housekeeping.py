"""Housekeeping: what nobody can use any more goes, in bounded batches, one worker at a time."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from app.database.database import Database
from app.models.operations.mails import StoredMail
from app.repositories.oauth.access_tokens import AccessTokenRepository
from app.repositories.oauth.ended_tokens import EndedTokenRepository
from app.repositories.operations.housekeeping import MAILS_RETAINED_FOR, HousekeepingRepository
from app.repositories.operations.leases import LeaseRepository
from app.repositories.operations.mails import MailRepository
from app.services.operations.batch_sizes import BATCH_ROWS
from app.services.operations.housekeeping import Housekeeping
from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.clock import FakeClock
from tests.support.databases import Databases
from tests.support.locks import Hold, writes_blocked
from tests.support.parts import count, open_database, services_of
from tests.support.waiting import eventually

KEPT = 301  # seconds: what has just expired is kept for five minutes
ACCESS_LIFETIME = 3600
FAMILY_LIFETIME = 90 * 86_400
INTERVAL = 60.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest_asyncio.fixture
async def own_app(start_app: AppFactory) -> AsyncIterator[Application]:
    """An application whose clock and rows are this test's alone."""
    yield await start_app()


async def store_expired(database: Database, clock: FakeClock, how_many: int) -> None:
    tokens = AccessTokenRepository(database)
    await asyncio.gather(
        *(
            tokens.store_for_client(
                secrets.token_bytes(32),
                client_id="a-client",
                scope="",
                issued_at=clock.now() - timedelta(days=2),
                expires_at=clock.now() - timedelta(days=1),
                audience=None,
                confirmation=None,
                authorization_details=None,
                use=None,
            )
            for _ in range(how_many)
        )
    )


def worker(database: Database, clock: FakeClock, **options: object) -> Housekeeping:
    async def no_pause(_: float) -> None:
        await asyncio.sleep(0)

    async def no_keys() -> None:
        """Keys have tests of their own."""

    return Housekeeping(
        housekeeping_repository=HousekeepingRepository(database),
        lease_repository=LeaseRepository(database),
        clock=clock,
        ended_token_repository=EndedTokenRepository(
            database, access_lifetime=timedelta(seconds=ACCESS_LIFETIME)
        ),
        **{  # type: ignore[arg-type]
            "interval": INTERVAL,
            "sleep": no_pause,
            "rotate_keys": no_keys,
            "timer": Stopwatch(seconds=0.001),
            **options,
        },
    )


class Stopwatch:
    """A timer that goes on by as much each time it is read, whatever the machine does."""

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        self._now = 0.0

    def __call__(self) -> float:
        self._now += self._seconds
        return self._now


async def test_expired_access_tokens_are_deleted_and_active_ones_are_preserved(
    own_app: Application,
) -> None:
    client = await own_app.create_client()
    for _ in range(3):
        await own_app.client_credentials(client)
    own_app.clock.advance(seconds=ACCESS_LIFETIME + KEPT)
    living = (await own_app.client_credentials(client)).json()["access_token"]
    services = services_of(own_app)

    removed = await services.operations.housekeeping.run_once()

    assert removed == 3
    assert await count(services.core.database, "access_tokens") == 1
    assert await own_app.is_active(client, living)


async def test_recently_expired_tokens_are_preserved_to_allow_for_clock_skew(
    own_app: Application,
) -> None:
    client = await own_app.create_client()
    await own_app.client_credentials(client)
    own_app.clock.advance(seconds=ACCESS_LIFETIME + 1)

    assert await services_of(own_app).operations.housekeeping.run_once() == 0


async def test_a_family_and_its_tokens_are_deleted_after_its_absolute_lifetime(
    own_app: Application,
) -> None:
    client, user = await own_app.create_client(), await own_app.enrolled_user()
    first = (await own_app.password_grant(client, user)).json()
    await own_app.refresh(client, first["refresh_token"])
    own_app.clock.advance(seconds=FAMILY_LIFETIME + KEPT)
    living = (await own_app.password_grant(client, user)).json()
    database = services_of(own_app).core.database

    await services_of(own_app).operations.housekeeping.run_once()

    assert await count(database, "token_families") == 1
    assert await count(database, "refresh_tokens") == 1
    assert await count(database, "access_tokens") == 1
    assert (await own_app.refresh(client, living["refresh_token"])).status_code == 200


async def test_a_used_refresh_token_is_stored_for_the_lifetime_of_its_family(
    own_app: Application,
) -> None:
    """SECURITY_BAR row 9: a replay is recognised after housekeeping too"""
    client, user = await own_app.create_client(), await own_app.enrolled_user()
    first = (await own_app.password_grant(client, user)).json()
    second = (await own_app.refresh(client, first["refresh_token"])).json()
    own_app.clock.advance(seconds=ACCESS_LIFETIME + KEPT)
    await services_of(own_app).operations.housekeeping.run_once()

    replay = await own_app.refresh(client, first["refresh_token"])
    after = await own_app.refresh(client, second["refresh_token"])

    assert [replay.status_code, after.status_code] == [400, 400]


async def test_rows_are_deleted_in_bounded_batches(database: Database, clock: FakeClock) -> None:
    await store_expired(database, clock, 2 * BATCH_ROWS + 100)
    left = [await count(database, "access_tokens")]

    async def note(_: float) -> None:
        left.append(await count(database, "access_tokens"))

    steady = Stopwatch(seconds=HousekeepingRepository(database).batch_seconds)
    removed = await worker(database, clock, sleep=note, timer=steady).run_once()

    assert removed == 2 * BATCH_ROWS + 100
    assert left == [1100, 600, 100, 0]


async def test_a_second_worker_does_nothing_while_the_first_is_running(
    database: Database, database_url: str, clock: FakeClock
) -> None:
    await store_expired(database, clock, BATCH_ROWS + 1)
    async with open_database(database_url) as other:
        second, answers = worker(other, clock), []

        async def meanwhile(_: float) -> None:
            answers.append(await second.run_once())

        first = await worker(database, clock, sleep=meanwhile).run_once()

        assert first == BATCH_ROWS + 1
        assert len(answers) > 1
        assert set(answers) == {0}


@pytest.mark.slow
async def test_housekeeping_survives_an_unavailable_database(
    databases: Databases, database_kind: str, clock: FakeClock
) -> None:
    url = await databases.migrated(database_kind)
    async with (
        open_database(url, database_timeout=0.2, sqlite_busy_timeout=0.2) as database,
        open_database(url) as reader,
        writes_blocked(url) as hold,
    ):
        runs = asyncio.create_task(
            worker(database, clock, sleep=ReleaseBeforeTheSecondRun(hold)).run_forever()
        )
        await hold.released.wait()
        await store_expired(reader, clock, 1)

        await eventually(lambda: is_empty(reader, "access_tokens"))

        assert not runs.done()
        runs.cancel()
        await asyncio.gather(runs, return_exceptions=True)


async def is_empty(database: Database, table: str) -> bool:
    return await count(database, table) == 0


class ReleaseBeforeTheSecondRun:
    """The pause between two runs; the first of them met a database that was not available."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._pauses = 0

    async def __call__(self, _: float) -> None:
        self._pauses += 1
        if self._pauses == 2:
            await self._hold.release()
        await asyncio.sleep(0.01)


async def test_a_running_server_performs_housekeeping_automatically(start_app: AppFactory) -> None:
    app = await start_app(housekeeping_interval=0.05)
    client = await app.create_client()
    await app.client_credentials(client)

    app.clock.advance(seconds=ACCESS_LIFETIME + KEPT)

    await eventually(lambda: is_empty(services_of(app).core.database, "access_tokens"))


@pytest.mark.slow
async def test_undelivered_mails_are_deleted_after_two_days(
    database: Database, clock: FakeClock
) -> None:
    """As where the mail server was taken out of the settings"""
    await store_mails(database, clock, BATCH_ROWS + 1)
    clock.advance(seconds=MAILS_RETAINED_FOR.total_seconds())
    await store_mails(database, clock, 1)

    housekeeping = worker(database, clock)
    early = await housekeeping.run_once()
    clock.advance(seconds=KEPT)
    late = await housekeeping.run_once()

    assert (early, late) == (0, BATCH_ROWS + 1)
    assert await count(database, "mails") == 1


async def test_a_mail_that_is_being_sent_is_not_deleted(
    database: Database, clock: FakeClock
) -> None:
    await store_mails(database, clock, 1)
    clock.advance(seconds=MAILS_RETAINED_FOR.total_seconds() + KEPT)
    mails = MailRepository(database)
    (found,) = await mails.list_due(now=clock.now(), limit=2)
    await mails.take(found, next_attempt_at=clock.now() + timedelta(minutes=1))

    assert await worker(database, clock).run_once() == 0


async def store_mails(database: Database, clock: FakeClock, how_many: int) -> None:
    now, mails = clock.now(), MailRepository(database)
    for _ in range(how_many):
        await mails.add(StoredMail(secrets.token_hex(16), b"sealed", 0, now, now))
