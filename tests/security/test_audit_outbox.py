"""Audit events are written to an outbox and get their place in the chain soon after."""

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.repositories.operations.audit_outbox import AuditOutboxRepository, write_events
from app.services.accounts.events import AccountEvent
from app.services.operations.audit import AuditLog
from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.locks import audit_head_locked
from tests.support.parts import count, services_of

pytestmark = pytest.mark.both_databases

WAITING = "audit_outbox WHERE sequenced_at IS NULL"


@pytest_asyncio.fixture
async def own(start_app: AppFactory) -> Application:
    """On a database of its own."""
    return await start_app()


@pytest.fixture
def log(own: Application) -> AuditLog:
    return services_of(own).core.audit


async def actions_of(log: AuditLog) -> list[str]:
    return [each.action async for each in log.read_all()]


async def test_events_are_recorded_and_readable_while_the_chain_is_locked(
    own: Application, log: AuditLog, database_kind: str
) -> None:
    """Nobody waits for the head of the chain, and nothing is hidden."""
    if database_kind == "sqlite":
        pytest.skip("SQLite has no row locks")
    await log.record(AccountEvent.OTP_RESET, user_id="ada")
    await log.sequencer.run()

    async with audit_head_locked(own.settings.database_url):
        await log.record(AccountEvent.OTP_REFUSED, user_id="ada")
        await log.record(AccountEvent.PASSKEY_REFUSED, user_id="bob")
        listed = await actions_of(log)
        of_ada = [(each.action, each.sequence) for each in await log.list_of_user("ada")]
        locked = await log.verify()
    free = await log.verify()

    assert listed == ["otp.reset", "otp.refused", "passkey.refused"]
    assert of_ada == [("otp.refused", 0), ("otp.reset", 1)]
    assert (locked.head.sequence, locked.broken_at, locked.waiting) == (1, None, 2)
    assert (free.head.sequence, free.broken_at, free.waiting) == (3, None, 0)
    assert await actions_of(log) == listed


@pytest.mark.slow
async def test_pending_events_are_readable_while_the_sqlite_file_is_locked(
    own: Application, log: AuditLog, database_kind: str
) -> None:
    if database_kind == "postgresql":
        pytest.skip("a lock of SQLite's file")
    await log.record(AccountEvent.OTP_RESET, user_id="ada")
    async with audit_head_locked(own.settings.database_url):
        read = await actions_of(log)
        of_ada = [each.action for each in await log.list_of_user("ada")]

    assert of_ada == ["otp.reset"]
    assert read == ["otp.reset"]


async def test_an_event_written_twice_is_recorded_once(own: Application, log: AuditLog) -> None:
    """A step is repeated after its connection was lost, also when its event has a number."""
    outbox = AuditOutboxRepository(services_of(own).core.database)
    event = log.event(AccountEvent.OTP_REFUSED, user_id="ada")

    await outbox.add(event)
    await outbox.add(event)
    await log.sequencer.run()
    await outbox.add(event)

    assert await actions_of(log) == ["otp.refused"]
    assert (await log.verify()).head.sequence == 1


async def test_outbox_rows_of_numbered_events_are_deleted_after_ten_minutes(
    own: Application, log: AuditLog
) -> None:
    database = services_of(own).core.database
    await log.record(AccountEvent.OTP_REFUSED, user_id="ada")
    await log.sequencer.run()
    kept = await count(database, "audit_outbox")
    own.clock.advance(seconds=601)
    await log.record(AccountEvent.OTP_REFUSED, user_id="ada")
    await log.sequencer.run()

    assert kept == 1
    assert await count(database, "audit_outbox") == 1
    assert await count(database, WAITING) == 0
    assert len(await actions_of(log)) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_outbox SET actor = 'user:bob'",
        "UPDATE audit_outbox SET user_id = NULL, sequenced_at = at",
        "DELETE FROM audit_outbox",
    ],
)
async def test_the_database_refuses_to_change_or_delete_a_pending_event(
    own: Application, log: AuditLog, statement: str
) -> None:
    writer = services_of(own).core.database.backend.engines.writer

    async with writer.connect() as connection:
        await write_events(connection, log.event(AccountEvent.OTP_RESET, user_id="ada"))
        with pytest.raises(DBAPIError, match="cannot be changed"):
            await connection.execute(text(statement))
