"""A SECRET_KEY that does not belong to the database: refused in one line, unless it is new on
purpose."""

import asyncio
import contextlib
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import delete, select

from app.models.oauth.signing_keys import signing_keys
from app.models.operations.key_checks import key_checks
from app.schemas.users import UserCreate
from app.startup_errors import StartupError
from app.wiring import Services
from app.wiring.preparation import prepare_database
from tests.cli.conftest import Postern, Result, _as_it_was, postern
from tests.support.application import PASSWORD
from tests.support.clock import FakeClock
from tests.support.databases import Databases
from tests.support.parts import count, running_services
from tests.support.server import run_postern

pytestmark = pytest.mark.both_databases

__all__ = ["_as_it_was", "postern"]

OLD_KEY = "the-Old-key-Qm4x8sV1cN7pLz0eR5tYw2uB"
NEW_KEY = "the-New-key-Jd9kS3fH6gA1qW8xZ4vC0nMb"
WRONG_KEY = "the-Wrong-key-Tz7yU2iO5pA9sD3fG6hJ1kL"


@pytest_asyncio.fixture
async def url(databases: Databases, database_kind: str) -> str:
    return await databases.migrated(database_kind)


class Starts:
    """Starts of servers on one database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.clock = FakeClock()

    async def start(self, key: str, **settings: Any) -> None:
        """What a server does before it answers."""
        async with self.services(key, **settings) as services:
            await prepare_database(services)
            await services.oauth.signing_keys.ensure()

    async def is_refused(self, key: str, **settings: Any) -> bool:
        try:
            await self.start(key, **settings)
        except StartupError as error:
            lines = error.lines
        else:
            return False
        assert len(lines) == 1
        assert lines[0].startswith("SECRET_KEY is not the key of this database")
        assert key not in lines[0]
        return True

    def services(
        self, key: str, **settings: Any
    ) -> contextlib.AbstractAsyncContextManager[Services]:
        settings = {"secret_key_previous": (), "secret_key_is_new": False, **settings}
        return running_services(self.url, self.clock, secret_key=key, **settings)

    async def forget_the_check(self) -> None:
        """As the database of an older release, which had none."""
        async with self.services(OLD_KEY) as services:
            await services.core.database.change(delete(key_checks))

    async def check_value(self) -> bytes | None:
        async with self.services(OLD_KEY) as services:
            row = await services.core.database.fetch_one(select(key_checks.c.value))
        return bytes(row[0]) if row is not None else None

    async def number_of_signing_keys(self) -> int:
        async with self.services(OLD_KEY) as services:
            return await count(services.core.database, "signing_keys")


@pytest.fixture
def starts(url: str) -> Starts:
    return Starts(url)


@pytest.mark.slow
async def test_a_key_other_than_that_of_the_first_start_is_refused(
    starts: Starts,
) -> None:
    await starts.start(OLD_KEY)
    value, number = await starts.check_value(), await starts.number_of_signing_keys()

    assert await starts.is_refused(WRONG_KEY)

    assert await starts.check_value() == value
    assert await starts.number_of_signing_keys() == number
    await starts.start(OLD_KEY)


@pytest.mark.parametrize("attempt", range(3))
async def test_one_of_two_concurrent_first_servers_with_different_keys_is_refused(
    starts: Starts, attempt: int
) -> None:
    """One writes the check value, the other compares with it"""
    refused = await asyncio.gather(starts.is_refused(OLD_KEY), starts.is_refused(NEW_KEY))

    assert sorted(refused) == [False, True]
    assert await starts.is_refused(OLD_KEY) == refused[0]


async def test_two_concurrent_first_servers_with_the_same_key_both_start(starts: Starts) -> None:
    assert await asyncio.gather(starts.is_refused(OLD_KEY), starts.is_refused(OLD_KEY)) == [
        False,
        False,
    ]


@pytest.mark.slow
async def test_sealed_values_validate_the_key_if_there_is_no_check_value(
    starts: Starts,
) -> None:
    """The database of a release that had no check value"""
    await starts.start(OLD_KEY)
    await starts.forget_the_check()

    assert await starts.is_refused(WRONG_KEY)
    assert await starts.check_value() is None
    assert not await starts.is_refused(OLD_KEY)
    assert await starts.check_value() is not None
    assert await starts.is_refused(WRONG_KEY)


async def test_a_value_that_only_the_previous_key_opens_validates_the_keys(starts: Starts) -> None:
    await starts.start(OLD_KEY)
    await starts.forget_the_check()

    assert not await starts.is_refused(NEW_KEY, secret_key_previous=(OLD_KEY,))

    assert not await starts.is_refused(OLD_KEY)  # the check value is sealed under the proven key
    assert await starts.is_refused(NEW_KEY)


async def test_the_previous_key_opens_the_check_value_during_a_key_change(
    starts: Starts,
) -> None:
    await starts.start(OLD_KEY)
    value = await starts.check_value()

    assert not await starts.is_refused(NEW_KEY, secret_key_previous=(OLD_KEY,))
    assert not await starts.is_refused(OLD_KEY, secret_key_previous=(NEW_KEY,))

    assert await starts.check_value() == value


@pytest.mark.slow
async def test_rewrap_reseals_the_check_value(starts: Starts, url: str, postern: Postern) -> None:
    await starts.start(OLD_KEY)
    value = await starts.check_value()
    keys = {"DATABASE_URL": url, "SECRET_KEY": NEW_KEY, "SECRET_KEY_PREVIOUS": OLD_KEY}

    await postern("keys", "rewrap", "--dry-run", **keys)
    assert await starts.check_value() == value
    assert await starts.is_refused(NEW_KEY)

    assert (await postern("keys", "rewrap", **keys)).code == 0
    assert not await starts.is_refused(NEW_KEY)
    assert await starts.is_refused(OLD_KEY)


async def test_migrate_neither_checks_the_key_nor_writes_a_check_value(
    starts: Starts, url: str, postern: Postern
) -> None:
    unused = await postern("migrate", DATABASE_URL=url, SECRET_KEY=WRONG_KEY)
    assert await starts.check_value() is None
    await starts.start(OLD_KEY)
    value = await starts.check_value()

    used = await postern("migrate")

    assert (unused.code, used.code) == (0, 0)
    assert await starts.check_value() == value


@pytest.mark.slow
async def test_a_key_marked_as_new_starts_and_logs_what_is_lost_in_one_line(
    starts: Starts, caplog: pytest.LogCaptureFixture
) -> None:
    await starts.start(OLD_KEY)
    async with starts.services(OLD_KEY) as services:
        await services.accounts.users.register(UserCreate(username="ada", password=PASSWORD))
    caplog.clear()

    assert not await starts.is_refused(NEW_KEY, secret_key_is_new=True)

    (line,) = [each.getMessage() for each in caplog.records if "lost" in each.getMessage()]
    assert "1 TOTP secrets, 3 signing keys." in line
    assert "\n" not in line
    assert not await starts.is_refused(NEW_KEY)
    assert await starts.is_refused(OLD_KEY)


async def test_a_key_marked_as_new_is_accepted_without_a_check_value(starts: Starts) -> None:
    await starts.start(OLD_KEY)
    await starts.forget_the_check()

    assert not await starts.is_refused(NEW_KEY, secret_key_is_new=True)

    assert not await starts.is_refused(NEW_KEY)
    assert await starts.is_refused(OLD_KEY)


@pytest.mark.slow
async def test_one_of_two_keys_concurrently_marked_as_new_is_accepted_afterwards(
    starts: Starts,
) -> None:
    await starts.start(OLD_KEY)

    refused = await asyncio.gather(
        starts.is_refused(NEW_KEY, secret_key_is_new=True),
        starts.is_refused(WRONG_KEY, secret_key_is_new=True),
    )

    assert refused.count(False) >= 1  # one after the other both may start: the later one decides
    assert not await starts.is_refused(NEW_KEY) or not await starts.is_refused(WRONG_KEY)


async def test_leaving_the_override_on_with_the_correct_key_logs_a_warning(
    starts: Starts, caplog: pytest.LogCaptureFixture
) -> None:
    await starts.start(OLD_KEY)
    caplog.clear()

    await starts.start(OLD_KEY, secret_key_is_new=True)

    assert [each.levelname for each in caplog.records if "SECRET_KEY_IS_NEW" in each.message] == [
        "WARNING"
    ]


async def test_a_damaged_sealed_value_is_skipped_if_another_one_opens(starts: Starts) -> None:
    await starts.start(OLD_KEY)
    await starts.forget_the_check()
    async with starts.services(OLD_KEY) as services:
        first = await services.core.database.fetch_one(
            select(signing_keys.c.kid).order_by(signing_keys.c.kid)
        )
        assert first is not None
        await services.core.database.change(
            signing_keys.update()
            .where(signing_keys.c.kid == first[0])
            .values(private_sealed=b"\x01 damaged")
        )

    assert await starts.is_refused(WRONG_KEY)
    assert not await starts.is_refused(OLD_KEY)


@pytest.mark.slow
async def test_the_server_and_the_commands_refuse_a_wrong_key_in_one_line(
    starts: Starts, url: str, postern: Postern, tmp_path: Any
) -> None:
    """Exit code 2, and nothing on standard output"""
    await starts.start(OLD_KEY)
    variables = {"DATABASE_URL": url, "SECRET_KEY": WRONG_KEY}

    served = await run_postern(tmp_path, "serve", **variables)
    command = await postern("users", "list", **variables)

    for result in (Result(served.returncode, served.stdout, served.stderr), command):
        assert result.code == 2
        assert result.output == ""
        assert result.errors.startswith("postern: SECRET_KEY is not the key of this database")
        assert result.errors.count("\n") == 1
