"""`postern migrate`: up, again, down, up, on both databases (CONTRACT.md)."""

from pathlib import Path

import pytest

from tests.cli.conftest import Postern
from tests.support.application import running_application
from tests.support.databases import Databases

pytestmark = [pytest.mark.slow, pytest.mark.both_databases]

EMPTY = "an empty database"


def files_below(directory: Path) -> set[str]:
    return {each.name for each in directory.rglob("*")}


async def test_a_database_can_be_migrated_up_down_and_up_again(
    databases: Databases, database_kind: str, postern: Postern
) -> None:
    url = await databases.empty(database_kind)

    fresh = await postern("migrate", DATABASE_URL=url)
    again = await postern("migrate")
    down = await postern("migrate", "base")
    up = await postern("migrate", "head")

    assert [result.code for result in (fresh, again, down, up)] == [0, 0, 0, 0]
    assert fresh.output.startswith(f"Migrated from {EMPTY} to ")
    assert again.output.startswith("The database is up to date, at ")
    assert down.output.endswith(f" to {EMPTY}.\n")
    assert up.output == fresh.output
    async with running_application(url) as app:
        assert (await app.create_client()).client_id


async def test_a_database_can_be_migrated_one_step_down_and_up_again(
    databases: Databases, database_kind: str, postern: Postern
) -> None:
    """Faults row 10"""
    url = await databases.migrated(database_kind)

    down = await postern("migrate", "-1", DATABASE_URL=url)
    up = await postern("migrate")

    assert (down.code, up.code) == (0, 0)
    assert down.output.startswith("Migrated from ")
    assert up.output.startswith("Migrated from ")


@pytest.mark.parametrize("environment", ["development", "production"])
async def test_migrating_down_lists_the_data_it_would_delete_and_requires_confirmation(
    databases: Databases, database_kind: str, postern: Postern, environment: str
) -> None:
    """Exit code 2 without --yes-delete-data, in development too"""
    url = await databases.migrated(database_kind)
    async with running_application(url) as app:
        await app.register()
        await app.create_client()
    settings = {"DATABASE_URL": url, "APP_ENV": environment}

    refused = await postern("migrate", "base", **settings)
    still_there = await postern("migrate", **settings)
    done = await postern("migrate", "base", "--yes-delete-data", **settings)
    up = await postern("migrate", **settings)
    verified = await postern("audit", "verify", APP_ENV="development")

    assert refused.code == 2
    assert refused.output == ""
    listed = [line.removeprefix("postern:   ") for line in refused.errors.splitlines()[1:-1]]
    assert {"users: 1 row", "clients: 1 row", "audit_events: 2 rows"} <= set(listed)
    assert not any(line.startswith(("audit_head", "key_checks")) for line in listed)
    assert "--yes-delete-data" in refused.errors.splitlines()[-1]
    assert still_there.output.startswith("The database is up to date")
    assert done.code == 0
    assert "Deleted users: 1 row." in done.output.splitlines()
    assert up.code == 0
    assert verified.code == 0
    assert ", begins after 2 events that were deleted on 20" in verified.output


@pytest.mark.parametrize("revision", ["nonsense", "-99", "+99"])
async def test_an_unknown_revision_is_a_one_line_error_and_changes_nothing(
    databases: Databases, database_kind: str, postern: Postern, revision: str
) -> None:
    url = await databases.migrated(database_kind)

    result = await postern("migrate", revision, DATABASE_URL=url)

    assert result.code == 2
    assert result.errors.startswith("postern: ")
    assert result.errors.count("\n") == 1
    assert (await postern("migrate")).output.startswith("The database is up to date")


async def test_migrate_needs_no_secret_key_and_creates_none(
    postern: Postern, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform migrates before the server's settings are complete."""
    monkeypatch.delenv("SECRET_KEY")

    result = await postern("migrate", APP_ENV="production")

    assert result.code == 0
    assert "postern.db" in files_below(tmp_path)
    assert "secret_key" not in files_below(tmp_path)


async def test_in_production_postgresql_is_not_migrated_implicitly(
    databases: Databases, postern: Postern
) -> None:
    """CONTRACT: on PostgreSQL in production `postern migrate` does, or MIGRATE_ON_START=1"""
    url = await databases.migrated("postgresql")
    await postern("migrate", "-1", DATABASE_URL=url)
    production = {
        "DATABASE_URL": url,
        "APP_ENV": "production",
        "SECRET_KEY": "a-good-Key-Qm4x8sV1cN7pLz0eR5tYw2uB9",
        "ISSUER": "https://login.example.com",
    }

    refused = await postern("users", "list", **production)
    migrated = await postern("users", "list", MIGRATE_ON_START="1")

    assert refused.code == 2
    assert "postern migrate" in refused.errors
    assert refused.errors.count("\n") == 1
    assert migrated.code == 0
