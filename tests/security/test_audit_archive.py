"""Audit events that move to a file: nothing is lost, and the chain is verified through both."""

import json
import stat
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.services.accounts.events import AccountEvent
from app.services.operations.audit import AuditLog
from app.services.operations.audit_archive import AuditArchive
from app.services.operations.audit_files import event_of, line_of
from tests.cli.conftest import Postern, Result, _as_it_was, postern  # noqa: F401
from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.parts import count, services_of

pytestmark = pytest.mark.both_databases

Audit = Callable[..., Awaitable[Result]]
NUMBER = 5
OTHER_SECRET = "another-key-of-the-tests-7Hq2Lw9Zx4Bn8Mv"


@pytest_asyncio.fixture
async def own(start_app: AppFactory) -> Application:
    """On a database of its own."""
    return await start_app()


@pytest_asyncio.fixture
async def log(own: Application) -> AuditLog:
    """With five events, an hour between them."""
    made = services_of(own).core.audit
    await add(own, NUMBER)
    return made


async def add(own: Application, number: int) -> None:
    log = services_of(own).core.audit
    for each in range(number):
        await log.record(AccountEvent.PASSWORD_CHANGED, user_id="ada", number=each, name="Zoë")
        own.clock.advance(seconds=3600)
    assert await log.sequencer.run()


@pytest.fixture
def archive(own: Application) -> AuditArchive:
    return services_of(own).operations.audit_archive


@pytest.fixture
def audit(own: Application, postern: Postern) -> Audit:  # noqa: F811
    """`postern audit …` on the database of the running application."""

    async def run(*arguments: object, **variables: str) -> Result:
        return await postern(
            "audit", *map(str, arguments), DATABASE_URL=own.settings.database_url, **variables
        )

    return run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def content_of(file: Path) -> bytes:
    return file.read_bytes()


def put(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def rows_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content_of(file).splitlines()]


def numbers(file: Path) -> list[int]:
    return [row["sequence"] for row in rows_of(file)]


async def stored(own: Application) -> int:
    return await count(services_of(own).core.database, "audit_events")


async def test_archived_events_move_to_a_file_and_log_and_file_both_verify(
    own: Application, log: AuditLog, audit: Audit, file: Path
) -> None:
    listed = json.loads((await audit("list", "--json")).output)[::-1]

    result = await audit("archive", file)

    assert result.code == 0, result.errors
    assert result.output.startswith("archived 5 events, deleted 5, ")
    for each in listed:
        del each["client_url"]  # the name of the client, which the list adds
    assert rows_of(file) == listed
    assert mode_of(file) == 0o600
    rest, whole = await audit("verify"), await audit("verify", "--archive", file)
    assert rest.code == whole.code == 0, rest.output + whole.output
    assert "begins after 5 events that were archived on" in rest.output
    assert "begins after" not in whole.output
    (event,) = [each async for each in log.read_all()]
    assert (event.sequence, event.action) == (6, "audit.archived")
    assert event.actor.startswith("operator:")


async def test_only_events_before_the_given_date_are_archived(
    own: Application, log: AuditLog, audit: Audit, file: Path
) -> None:
    third = [each async for each in log.read_all()][2]

    result = await audit("archive", file, "--before", third.at.isoformat())

    assert result.code == 0, result.errors
    assert numbers(file) == [1, 2]
    assert [each.sequence async for each in log.read_all()] == [3, 4, 5, 6]
    assert (await log.verify(archives=[file])).broken_at is None


async def test_an_archive_file_can_be_extended_and_several_files_verify_in_order(
    own: Application, log: AuditLog, archive: AuditArchive, audit: Audit, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    await archive.run(first)
    await add(own, 2)
    await archive.run(first)
    await add(own, 2)

    await archive.run(second)

    assert numbers(first) == list(range(1, 9))
    assert numbers(second) == [9, 10, 11]
    assert (await audit("verify", "--archive", first, "--archive", second)).code == 0
    assert "broken at event" in (await audit("verify", "--archive", first)).output
    assert (
        "broken at event" in (await audit("verify", "--archive", second, "--archive", first)).output
    )
    alone = await audit("verify", "--archive", second)
    assert alone.code == 0
    assert "begins after 8 events that are not in any of these files" in alone.output


@pytest.mark.parametrize("length", [0, 10, -1, -40])
async def test_archiving_resumes_after_being_killed_during_the_write(
    own: Application, log: AuditLog, archive: AuditArchive, file: Path, length: int
) -> None:
    """After some events, within a line, or before the first one was whole"""
    lines = [line_of(each) async for each in log.read_all()]
    content = b"".join(lines)
    put(file, content[:length])

    await archive.run(file)

    assert content_of(file) == content
    assert await stored(own) == 0
    assert (await log.verify(archives=[file])).broken_at is None


async def test_archiving_resumes_after_being_killed_before_the_checkpoint(
    own: Application,
    log: AuditLog,
    archive: AuditArchive,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(archive._checkpoints, "cut", die)
        with pytest.raises(KeyboardInterrupt):
            await archive.run(file)
    before = (await stored(own), (await log.verify()).broken_at, numbers(file))

    done = await archive.run(file)

    assert before == (5, None, [1, 2, 3, 4, 5])
    assert (done.count, done.deleted) == (0, 5)
    assert (await log.verify(archives=[file])).broken_at is None


async def test_archiving_resumes_after_being_killed_before_the_deletion(
    own: Application,
    log: AuditLog,
    archive: AuditArchive,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def die() -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(archive._checkpoints, "delete_archived", die)
        with pytest.raises(KeyboardInterrupt):
            await archive.run(file)
    verdicts = [await log.verify(), await log.verify(archives=[file])]

    done = await archive.run(file)

    assert [each.broken_at for each in verdicts] == [None, None]
    assert done.deleted >= 5
    assert (await log.verify(archives=[file])).broken_at is None


@pytest.mark.parametrize("content", [b"a letter\n", b"{}\n", b"no line at all", b'{"sequence": 7'])
async def test_a_file_that_is_not_an_archive_is_not_overwritten(
    own: Application, log: AuditLog, audit: Audit, file: Path, content: bytes
) -> None:
    put(file, content)

    result = await audit("archive", file)

    assert result.code == 1
    assert result.errors.startswith("postern: ")
    assert result.errors.count("\n") == 1
    assert content_of(file) == content
    assert await stored(own) == 5


async def test_an_archive_of_another_log_is_not_overwritten(
    own: Application, log: AuditLog, archive: AuditArchive, audit: Audit, file: Path,
    start_app: AppFactory,
) -> None:  # fmt: skip
    other = await start_app()
    other.clock.advance(seconds=1)
    await add(other, NUMBER)
    await services_of(other).operations.audit_archive.run(file)
    content = content_of(file)

    result = await audit("archive", file)

    assert result.code == 1
    assert "Choose a new file." in result.errors
    assert content_of(file) == content


async def test_a_broken_chain_is_not_archived(
    own: Application, log: AuditLog, audit: Audit, file: Path
) -> None:
    await without_triggers(own)
    await execute(own, "UPDATE audit_events SET actor = 'user:bob' WHERE sequence = 3")

    result = await audit("archive", file)

    assert result.code == 1
    assert "broken at event 3" in result.errors
    assert await stored(own) == 5


@pytest.mark.parametrize("where", ["file", "rest"])
async def test_tampering_after_the_archiving_is_detected(
    own: Application, log: AuditLog, archive: AuditArchive, audit: Audit, file: Path, where: str
) -> None:
    await archive.run(file)
    await add(own, 2)
    if where == "file":
        put(file, content_of(file).replace(b'"user:ada"', b'"user:bob"', 1))
    else:
        await without_triggers(own)
        await execute(own, "DELETE FROM audit_events WHERE sequence = 7")

    result = await audit("verify", "--archive", file)

    assert result.code == 1
    assert f"broken at event {1 if where == 'file' else 7}" in result.output


async def test_a_checkpoint_with_an_invalid_signature_is_detected(
    own: Application, log: AuditLog, audit: Audit
) -> None:
    """Somebody with the database, but without SECRET_KEY, deletes events as archived ones"""
    third = [each async for each in log.read_all()][2]
    digest = f"X'{third.hash.hex()}'" if own.settings.is_sqlite else f"'\\x{third.hash.hex()}'"
    await execute(
        own,
        "INSERT INTO audit_checkpoints (checkpoint_id, sequence, hash, archived_at, signature)"
        f" VALUES ('0000000000000000003', 3, {digest}, '2026-11-29 00:00:00.000000+00:00',"
        f" {digest})",
    )
    await execute(own, "DELETE FROM audit_events WHERE sequence <= 3")

    result = await audit("verify")

    assert result.code == 1
    assert "the checkpoint at event 3 is not signed with SECRET_KEY" in result.output


async def test_the_database_refuses_to_delete_events_that_are_not_archived(
    own: Application, log: AuditLog, archive: AuditArchive, file: Path
) -> None:
    await archive.run(file)
    await add(own, 1)

    with pytest.raises(DBAPIError, match="append-only"):
        await execute(own, "DELETE FROM audit_events")

    assert await stored(own) == 2


async def test_a_checkpoint_remains_valid_after_the_secret_key_changes(
    own: Application,
    log: AuditLog,
    archive: AuditArchive,
    postern: Postern,  # noqa: F811
    file: Path,
) -> None:
    await archive.run(file)
    secrets = {
        "DATABASE_URL": own.settings.database_url,
        "SECRET_KEY": OTHER_SECRET,
        "SECRET_KEY_PREVIOUS": own.settings.secret_key.get_secret_value(),  # type: ignore[union-attr]  # it is set
    }

    rewrapped = await postern("keys", "rewrap", **secrets)
    verified = await postern("audit", "verify", **{**secrets, "SECRET_KEY_PREVIOUS": ""})

    assert rewrapped.code == verified.code == 0, verified.output + verified.errors


async def test_a_recorded_head_can_be_verified_against_the_archive(
    own: Application, log: AuditLog, archive: AuditArchive, audit: Audit, file: Path
) -> None:
    noted = [each async for each in log.read_all()][2]
    head = f"3:{noted.hash.hex()}"
    await archive.run(file)

    without = await audit("verify", "--head", head)
    with_file = await audit("verify", "--head", head, "--archive", file)
    wrong = await audit("verify", "--head", f"3:{'0' * 64}", "--archive", file)

    assert (without.code, with_file.code, wrong.code) == (1, 0, 1)
    assert "Cannot compare --head: its event has been archived." in without.output
    assert "broken at event 3" in wrong.output


async def test_an_event_is_read_back_from_the_archive_unchanged(log: AuditLog) -> None:
    """Also where its details are not written as we write them"""
    async for event in log.read_all():
        for details in (event.details, '{"b":1,"a":2}', '"text"', "no JSON", "[1]"):
            written = replace(event, details=details)
            assert event_of(line_of(written)) == written


async def execute(own: Application, statement: str) -> None:
    async with services_of(own).core.database.backend.engines.writer.begin() as connection:
        await connection.execute(text(statement))


async def without_triggers(own: Application) -> None:
    names: Any = ("audit_events_are_kept", "audit_events_are_kept_from_delete")
    if own.settings.is_sqlite:
        names = ("audit_events_are_kept_from_update", "audit_events_are_kept_from_delete")
    for name in names:
        on = "" if own.settings.is_sqlite else " ON audit_events"
        await execute(own, f"DROP TRIGGER {name}{on}")
