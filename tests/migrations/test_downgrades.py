"""A downgrade deletes data only where that was agreed to."""

from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from app.database import migrations
from app.database.backends import Backend
from app.database.losses import Loss
from app.database.revisions import newest_revision
from app.services.operations.audit_actions import ServerEvent
from app.startup_errors import StartupError
from tests.migrations.conftest import change, downgrade, rows_of, tables_of
from tests.support.clock import FakeClock
from tests.support.databases import Databases
from tests.support.parts import running_services

pytestmark = pytest.mark.slow

ISSUED = "'2026-11-25 12:00:00.000000+00:00'"
CORE_USER = f"""
    INSERT INTO users
        (user_id, username, username_key, password_hash, credentials_version, created_at)
    VALUES ('{{name}}', '{{name}}', '{{name}}', 'hash', 'version', {ISSUED})
"""
LEASE = f"INSERT INTO leases VALUES ('name', 'holder', {ISSUED})"


async def go_back(backend: Backend, revision: str, *, deletes_data: bool) -> list[Loss]:
    now = FakeClock().now()
    return list(await migrations.downgrade(backend, revision, now=now, deletes_data=deletes_data))


async def with_two_users(backend: Backend) -> None:
    """Two users of the core whom an upgrade gave a salt, one with claims."""
    await migrations.migrate(backend, "2026_11_25_core")
    for name in ("ada", "grace"):
        await change(backend, CORE_USER.format(name=name))
    await migrations.migrate(backend)
    await change(backend, "UPDATE users SET claims = '{\"name\": \"Ada\"}' WHERE user_id = 'ada'")


async def test_an_unconfirmed_downgrade_lists_the_data_it_would_delete_and_stops(
    backend: Backend,
) -> None:
    await with_two_users(backend)
    await change(backend, LEASE)
    before = await tables_of(backend)

    with pytest.raises(StartupError) as to_base:
        await go_back(backend, "base", deletes_data=False)
    with pytest.raises(StartupError) as to_core:
        await go_back(backend, "2026_11_25_core", deletes_data=False)

    assert to_base.value.lines[0] == "A downgrade to base would delete:"
    assert set(to_base.value.lines[1:-1]) == {"  users: 2 rows", "  leases: 1 row"}
    assert "--yes-delete-data" in to_base.value.lines[-1]
    assert set(to_core.value.lines[1:-1]) == {
        "  users.pairwise_salt: 2 values",
        "  users.claims: 1 value",
    }
    assert await tables_of(backend) == before
    assert await migrations.current_revision(backend) == newest_revision()
    assert len(await rows_of(backend, "SELECT 1 FROM users")) == 2


async def test_a_confirmed_downgrade_deletes_the_data_and_reports_it(backend: Backend) -> None:
    await with_two_users(backend)

    losses = await go_back(backend, "base", deletes_data=True)

    assert losses == [Loss("users", 2)]
    assert await migrations.current_revision(backend) is None


async def test_a_downgrade_without_data_requires_no_confirmation(backend: Backend) -> None:
    """The head of an audit log without events is no data."""
    await migrations.migrate(backend)

    assert await go_back(backend, "-1", deletes_data=False) == []
    assert await go_back(backend, "base", deletes_data=False) == []


async def test_a_step_that_deletes_nothing_requires_no_confirmation(backend: Backend) -> None:
    await with_two_users(backend)

    losses = await go_back(backend, "2026_11_25_people", deletes_data=False)

    assert losses == []
    assert await migrations.current_revision(backend) == "2026_11_25_people"


@pytest.mark.parametrize("starts_at", ["2026_11_25_people", newest_revision()])
async def test_the_next_audit_log_continues_the_deleted_chain(
    backend: Backend, empty_url: str, databases: Databases, starts_at: str
) -> None:
    """Also where the table that keeps the head did not exist yet"""
    clock = FakeClock()
    await migrations.migrate(backend)
    async with running_services(empty_url, clock) as services:
        for _ in range(3):
            await services.core.audit.record(ServerEvent.KEYS_ROTATED)
        noted = (await services.core.audit.verify()).head
    if starts_at != newest_revision():
        await downgrade(backend, starts_at)
        await change(backend, "DROP TABLE audit_deletions")

    await downgrade(backend, "base")
    await migrations.migrate(backend)

    async with running_services(empty_url, clock) as services:
        empty = await services.core.audit.verify(known=noted)
        await services.core.audit.record(ServerEvent.KEYS_REWRAPPED)
        verdict = await services.core.audit.verify(known=noted)
        older = await services.core.audit.verify(known=noted._replace(sequence=2))
        forged = await services.core.audit.verify(known=noted._replace(hash=bytes(32)))
    assert (empty.broken_at, empty.head) == (None, noted)
    assert (verdict.broken_at, verdict.head.sequence) == (None, 4)
    assert verdict.deletion is not None
    assert verdict.deletion.sequence == 3
    assert not verdict.is_known_deleted
    assert older.is_known_deleted
    assert forged.broken_at == 3


async def test_each_deleted_audit_log_is_recorded_once(backend: Backend, empty_url: str) -> None:
    await migrations.migrate(backend)
    heads = []
    for _ in range(2):
        async with running_services(empty_url, FakeClock()) as services:
            await services.core.audit.record(ServerEvent.KEYS_ROTATED)
            heads.append((await services.core.audit.verify()).head)
        for _ in range(2):
            await downgrade(backend, "base")
            await migrations.migrate(backend)

    rows = await rows_of(backend, "SELECT sequence, hash FROM audit_deletions ORDER BY 1")
    assert [(sequence, bytes(digest)) for sequence, digest in rows] == heads
    async with running_services(empty_url, FakeClock()) as services:
        assert not (await services.core.audit.verify(known=heads[0])).is_known_deleted


async def test_archived_events_are_recorded_as_deleted_for_the_previous_release(
    backend: Backend, empty_url: str, tmp_path: Path
) -> None:
    """Its log goes on, and may not be deleted again"""
    await migrations.migrate(backend)
    async with running_services(empty_url, FakeClock()) as services:
        for _ in range(3):
            await services.core.audit.record(ServerEvent.KEYS_ROTATED)
        archived = await services.operations.audit_archive.run(tmp_path / "audit.jsonl")
        head = (await services.core.audit.verify()).head

    await downgrade(backend, "2026_11_29_refresh_tokens")

    rows = await rows_of(backend, "SELECT sequence, hash FROM audit_deletions")
    assert [(sequence, bytes(digest)) for sequence, digest in rows] == [archived.head]
    with pytest.raises(DBAPIError, match="append-only"):
        await change(backend, "DELETE FROM audit_events")
    await migrations.migrate(backend)
    async with running_services(empty_url, FakeClock()) as services:
        verdict = await services.core.audit.verify(known=head)
        assert (verdict.broken_at, verdict.head) == (None, head)
