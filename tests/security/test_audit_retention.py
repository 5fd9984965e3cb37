"""AUDIT_RETENTION_DAYS: old audit events move to files, and the chain stays whole."""

from pathlib import Path

import pytest

from app.services.accounts.events import AccountEvent
from tests.conftest import AppFactory
from tests.security.test_audit_archive import numbers
from tests.support.application import Application
from tests.support.parts import count, services_of

pytestmark = pytest.mark.both_databases

HOUR, DAY = 3600, 24 * 3600


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "archives"
    made.mkdir()
    return made


def files_in(directory: Path) -> list[Path]:
    return sorted(directory.iterdir())


async def start(start_app: AppFactory, directory: Path, **settings: object) -> Application:
    return await start_app(audit_retention_days=30, audit_archive_dir=directory, **settings)


async def record(app: Application, number: int) -> None:
    log = services_of(app).core.audit
    for _ in range(number):
        await log.record(AccountEvent.PASSWORD_CHANGED, user_id="ada")
    await log.sequencer.run()


async def clean(app: Application) -> None:
    await services_of(app).operations.housekeeping.run_once()


async def test_events_older_than_the_retention_move_to_a_file_a_day(
    start_app: AppFactory, directory: Path
) -> None:
    app = await start(start_app, directory)
    await record(app, 3)
    app.clock.advance(seconds=2 * DAY)
    await record(app, 2)
    app.clock.advance(seconds=30 * DAY - 2 * HOUR)

    await clean(app)
    await clean(app)
    first = files_in(directory)
    app.clock.advance(seconds=3 * DAY)
    await clean(app)

    files = files_in(directory)
    assert [path.name for path in first] == ["audit-000000000001.jsonl"]
    assert numbers(files[0]) == [1, 2, 3]
    assert numbers(files[1]) == [4, 5]
    assert (await services_of(app).core.audit.verify(archives=files)).broken_at is None


async def test_nothing_is_archived_while_events_are_young_or_without_the_setting(
    start_app: AppFactory, directory: Path
) -> None:
    app, plain = await start(start_app, directory), await start_app()
    for each in (app, plain):
        await record(each, 2)
    app.clock.advance(seconds=29 * DAY)
    plain.clock.advance(seconds=10_000 * DAY)

    await clean(app)
    await clean(plain)

    assert files_in(directory) == []
    assert await count(services_of(plain).core.database, "audit_events") == 2


async def test_a_file_that_cannot_be_continued_is_logged_and_no_event_is_lost(
    start_app: AppFactory, directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = await start(start_app, directory)
    await record(app, 3)
    app.clock.advance(seconds=40 * DAY)
    foreign = directory / "audit-000000000001.jsonl"
    foreign.write_text("not an audit event\n", encoding="utf-8")

    await clean(app)

    assert foreign.read_text(encoding="utf-8") == "not an audit event\n"
    assert await count(services_of(app).core.database, "audit_events") == 3
    assert "the audit log was not archived" in capsys.readouterr().err


async def test_a_retention_without_a_directory_is_refused_at_the_start(
    start_app: AppFactory, tmp_path: Path
) -> None:
    for settings, message in (
        ({}, "AUDIT_RETENTION_DAYS requires AUDIT_ARCHIVE_DIR"),
        ({"audit_archive_dir": tmp_path / "none"}, "a directory that the server may write to"),
    ):
        with pytest.raises(ValueError, match=message):
            await start_app(audit_retention_days=30, **settings)
