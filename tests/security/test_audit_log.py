"""The audit log: append-only, one unbroken chain, no secret in it, and readable by the operator."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from itertools import cycle, islice, pairwise
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.repositories.operations.audit_events import Head, hash_of
from app.services.accounts.events import AccountEvent
from app.services.operations.audit import AuditLog, Verdict
from tests.cli.conftest import Postern, Result, _as_it_was, postern  # noqa: F401
from tests.conftest import AppFactory
from tests.support.application import Application, TestClient
from tests.support.clock import FakeClock
from tests.support.databases import Databases
from tests.support.machine import run_variables
from tests.support.parts import running_services, services_of
from tests.support.visitor import VERIFIER, redeem, visiting

pytestmark = pytest.mark.both_databases

Tamper = Callable[[str], Awaitable[None]]
Audit = Callable[..., Awaitable[Result]]
NUMBER = 5


@pytest_asyncio.fixture
async def own(start_app: AppFactory) -> Application:
    """On a database of its own."""
    return await start_app()


@pytest_asyncio.fixture
async def log(own: Application) -> AuditLog:
    """With five events, which have their numbers."""
    made = services_of(own).core.audit
    for number in range(NUMBER):
        await made.record(AccountEvent.PASSWORD_CHANGED, user_id="ada", number=number)
    assert await made.sequencer.run()
    return made


@pytest.fixture
def tamper(own: Application, database_kind: str) -> Tamper:
    """What somebody does who may do everything with the database."""

    async def run(statement: str) -> None:
        async with services_of(own).core.database.transaction() as connection:
            if database_kind == "postgresql":
                for name in ("audit_events_are_kept", "audit_events_are_kept_from_delete"):
                    await connection.execute(text(f"DROP TRIGGER IF EXISTS {name} ON audit_events"))
            else:
                for verb in ("update", "delete"):
                    await connection.execute(
                        text(f"DROP TRIGGER IF EXISTS audit_events_are_kept_from_{verb}")
                    )
            await connection.execute(text(statement))

    return run


@pytest.fixture
def audit(own: Application, postern: Postern) -> Audit:  # noqa: F811
    """`postern audit …` on the database of the running application."""

    async def run(*arguments: str) -> Result:
        return await postern("audit", *arguments, DATABASE_URL=own.settings.database_url)

    return run


async def events_of(log: AuditLog) -> list[Any]:
    return [each async for each in log.read_all()]


def rows_of(result: Result) -> list[dict[str, Any]]:
    assert result.code == 0, result.errors
    rows: list[dict[str, Any]] = json.loads(result.output)
    return rows


async def test_an_untampered_chain_verifies_from_the_first_event_to_the_head(log: AuditLog) -> None:
    events = await events_of(log)
    verdict = await log.verify()

    assert [each.sequence for each in events] == [1, 2, 3, 4, 5]
    assert events[0].previous_hash == bytes(32)
    assert all(after.previous_hash == each.hash for each, after in pairwise(events))
    assert verdict == Verdict(Head(5, events[-1].hash), None)


async def test_an_empty_log_verifies(own: Application) -> None:
    assert (await services_of(own).core.audit.verify()).broken_at is None


async def test_a_hundred_concurrent_events_from_two_workers_form_one_chain(
    databases: Databases, database_kind: str
) -> None:
    url = await databases.migrated(database_kind)
    async with running_services(url, FakeClock()) as one, running_services(url, FakeClock()) as two:
        await asyncio.gather(
            *(
                services.core.audit.record(
                    AccountEvent.PASSWORD_CHANGED, user_id="ada", number=number
                )
                for number, services in enumerate(islice(cycle((one, two)), 100))
            )
        )

        events = await events_of(two.core.audit)
        verdict = await one.core.audit.verify()

    assert [each.sequence for each in events] == list(range(1, 101))
    assert {json.loads(each.details)["number"] for each in events} == set(range(100))
    assert verdict == Verdict(Head(100, events[-1].hash), None)


async def test_verification_succeeds_while_events_are_being_added(log: AuditLog) -> None:
    adding = asyncio.gather(
        *(log.record(AccountEvent.PASSWORD_CHANGED, user_id="bob") for _ in range(60))
    )

    verdicts = [await log.verify() for _ in range(10)]
    await adding

    assert {each.broken_at for each in verdicts} == {None}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET actor = 'user:bob' WHERE sequence = 3",
        "DELETE FROM audit_events WHERE sequence = 3",
        "DELETE FROM audit_events",
    ],
)
async def test_the_database_refuses_to_change_or_delete_events(
    own: Application, log: AuditLog, statement: str
) -> None:
    before = await events_of(log)

    engine = services_of(own).core.database.backend.engines.writer
    with pytest.raises(DBAPIError, match="append-only"):
        async with engine.begin() as connection:
            await connection.execute(text(statement))

    assert await events_of(log) == before


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("UPDATE audit_events SET actor = 'user:bob' WHERE sequence = 3", 3),
        ("UPDATE audit_events SET details = '{}' WHERE sequence = 1", 1),
        ("UPDATE audit_events SET outcome = 'refused' WHERE sequence = 5", 5),
        ("UPDATE audit_events SET address = '192.0.2.1' WHERE sequence = 2", 2),
        ("DELETE FROM audit_events WHERE sequence = 3", 3),
        ("DELETE FROM audit_events WHERE sequence = 1", 1),
        ("DELETE FROM audit_events WHERE sequence >= 4", 4),
        ("DELETE FROM audit_events", 1),
        ("UPDATE audit_events SET sequence = sequence + 1000 WHERE sequence >= 3", 3),
        ("DELETE FROM audit_head", 6),
        ("UPDATE audit_head SET sequence = 4", 4),
    ],
)
async def test_a_changed_or_deleted_event_is_detected(
    log: AuditLog, tamper: Tamper, statement: str, broken_at: int
) -> None:
    await tamper(statement)

    assert (await log.verify()).broken_at == broken_at


async def test_an_inserted_event_is_detected(log: AuditLog, tamper: Tamper) -> None:
    columns = "at, action, outcome, actor, user_id, client_id, address, request_id, details"

    await tamper(
        f"INSERT INTO audit_events (sequence, {columns}, previous_hash, hash)"
        f" SELECT 6, {columns}, hash, hash FROM audit_events WHERE sequence = 5"
    )

    assert (await log.verify()).broken_at == 6


async def test_reordered_events_are_detected(log: AuditLog, tamper: Tamper) -> None:
    for change in ("-1 WHERE sequence = 2", "2 WHERE sequence = 3", "3 WHERE sequence = -1"):
        await tamper(f"UPDATE audit_events SET sequence = {change}")

    assert (await log.verify()).broken_at == 2


async def test_rewriting_the_last_event_is_detected_by_the_head(
    own: Application, log: AuditLog, tamper: Tamper
) -> None:
    await write_anew(own, log, tamper, first=5)

    assert (await log.verify()).broken_at == 5


async def test_rewriting_the_whole_chain_is_detected_by_an_earlier_head(
    own: Application, log: AuditLog, tamper: Tamper, audit: Audit
) -> None:
    noted = (await audit("verify")).output.split()[-1]
    await log.record(AccountEvent.PASSWORD_CHANGED, user_id="ada")
    assert (await audit("verify", "--head", noted)).code == 0

    head = await write_anew(own, log, tamper, first=1)
    await tamper(f"UPDATE audit_head SET hash = {literal(own, head)}")

    assert (await log.verify()).broken_at is None  # nothing in the database tells
    result = await audit("verify", "--head", noted)
    assert result.code == 1
    assert "broken at event 5" in result.output


async def test_truncating_the_log_and_its_head_is_detected_by_an_earlier_head(
    own: Application, log: AuditLog, tamper: Tamper, audit: Audit
) -> None:
    noted = (await audit("verify")).output.split()[-1]
    third = (await events_of(log))[2]

    await tamper("DELETE FROM audit_events WHERE sequence > 3")
    await tamper(f"UPDATE audit_head SET sequence = 3, hash = {literal(own, third.hash)}")

    assert (await audit("verify")).code == 0
    assert "broken at event 4" in (await audit("verify", "--head", noted)).output


async def write_anew(own: Application, log: AuditLog, tamper: Tamper, *, first: int) -> bytes:
    """Another actor in each event from one on, and hashes that fit; gives the last."""
    events = await events_of(log)
    previous: bytes = events[first - 1].previous_hash
    for each in events[first - 1 :]:
        forged = replace(each, actor="user:bob", previous_hash=previous)
        forged = replace(forged, hash=hash_of(forged))
        await tamper(
            "UPDATE audit_events SET actor = 'user:bob',"
            f" previous_hash = {literal(own, previous)}, hash = {literal(own, forged.hash)}"
            f" WHERE sequence = {each.sequence}"
        )
        previous = forged.hash
    return previous


def literal(own: Application, value: bytes) -> str:
    """Bytes in SQL."""
    if own.settings.is_sqlite:
        return f"X'{value.hex()}'"
    return f"decode('{value.hex()}', 'hex')"


async def test_list_prints_the_newest_events_first_with_hex_hashes_and_utc_times(
    log: AuditLog, audit: Audit
) -> None:
    newest_first = rows_of(await audit("list", "--json"))
    three = rows_of(await audit("list", "--json", "--limit", "3"))
    table = (await audit("list")).output.splitlines()

    rows = newest_first[::-1]
    assert three == newest_first[:3]
    assert [line.split()[0] for line in table] == ["sequence", "5", "4", "3", "2", "1"]
    assert "hash" not in table[0]
    assert [row["sequence"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row["details"] for row in rows] == [{"number": number} for number in range(NUMBER)]
    assert rows[0]["previous_hash"] == "00" * 32
    assert rows[1]["previous_hash"] == rows[0]["hash"]
    assert rows[0]["at"].endswith("+00:00")
    assert {row["actor"] for row in rows} == {"user:ada"}
    assert {row["outcome"] for row in rows} == {"succeeded"}


@pytest.mark.slow
async def test_list_can_be_filtered_by_user_time_and_action(own: Application, audit: Audit) -> None:
    user, log = await own.register(), services_of(own).core.audit
    user_id = (await services_of(own).accounts.users.get(user.username)).user_id
    await log.record(AccountEvent.PASSWORD_CHANGED, user_id=user_id)
    await log.record(
        AccountEvent.PASSWORD_CHANGED, user_id="somebody else", actor=f"user:{user_id}"
    )
    event = log.event(AccountEvent.PASSWORD_CHANGED, user_id="somebody else")
    await log._audit_outbox_repository.add(replace(event, action="password_changed"))
    own.clock.advance(seconds=3600)
    later = own.clock.now() - timedelta(seconds=1)
    await log.record(AccountEvent.OTP_RESET, user_id=user_id)
    await log.sequencer.run()

    def actions(rows: list[dict[str, Any]]) -> list[str]:
        return [row["action"] for row in rows if row["action"] != "user.registered"]

    async def listed(*arguments: str) -> list[dict[str, Any]]:
        return rows_of(await audit("list", "--json", *arguments))

    of_user = await listed("--user", user.username)
    assert actions(of_user) == ["otp.reset", "password.changed", "password.changed"]
    assert await listed("--user-id", user_id) == of_user
    assert actions(await listed("--since", later.isoformat())) == ["otp.reset"]
    assert await listed("--user-id", user_id, "--until", later.isoformat()) == of_user[1:]
    of_passwords = await listed("--action", "password.")
    assert actions(of_passwords) == ["password.changed", "password.changed"]
    assert await listed("--since", "2100-01-01") == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--since", "yesterday"),
        ("list", "--user", "nobody-of-that-name"),
        ("verify", "--head", "5"),
        ("verify", "--head", "5:abc"),
    ],
)
async def test_an_invalid_argument_prints_one_line_without_a_traceback(
    audit: Audit, arguments: Any
) -> None:
    result = await audit(*arguments)

    assert result.code == 1
    assert result.output == ""
    assert result.errors.startswith("postern: ")
    assert result.errors.count("\n") == 1


@pytest.mark.slow
async def test_list_prints_no_traceback_if_the_reader_closes_the_pipe(
    own: Application, log: AuditLog
) -> None:
    """`postern audit list | head -1`"""
    padding = "x" * 2000  # in all more than a pipe and the buffers hold
    await asyncio.gather(
        *(
            log.record(AccountEvent.PASSWORD_CHANGED, user_id="ada", text=padding)
            for _ in range(100)
        )
    )

    def read_one_line() -> tuple[bytes, bytes]:
        with subprocess.Popen(
            [sys.executable, "-m", "app.cli", "audit", "list"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={
                "PATH": os.environ["PATH"],
                **run_variables(),
                "DATABASE_URL": own.settings.database_url,
                "SECRET_KEY": "a-key-of-the-tests-Vr3kq9ZtW8yLm2Xb5Nc7",
            },
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            line = process.stdout.readline()
            process.stdout.close()
            return line, process.stderr.read()

    line, errors = await asyncio.to_thread(read_one_line)

    assert line.startswith(b"sequence ")
    assert errors == b""


async def test_the_log_contains_no_secrets(own: Application) -> None:
    """SECURITY_BAR row 13: after people and machines did everything that they usually do"""
    client, user = await own.create_client(), await own.enrolled_user()
    said = [client.client_secret, user.password, user.otp_secret, VERIFIER]

    async def tokens_of(response: Any) -> dict[str, str]:
        body: dict[str, str] = response.json()
        said.extend(value for name, value in body.items() if name.endswith("_token"))
        return body

    pair = await tokens_of(await own.password_grant(client, user))
    await own.password_grant(client, user, password="a-wrong-password-of-his")
    said.append("a-wrong-password-of-his")
    await own.token(TestClient(client.client_id, "a-wrong-secret"), grant_type="client_credentials")
    said.append("a-wrong-secret")
    await tokens_of(await own.refresh(client, pair["refresh_token"]))
    await tokens_of(await own.client_credentials(client))
    async with visiting(own) as visitor:
        code = await visitor.code_for(client, user)
        said.append(code)
        await tokens_of(await redeem(own, client, code))
        said.extend(value for value in visitor.http.cookies.values() if value)
    one_time_code = own.code(user)
    await own.verify_otp(user.username, "000000")

    events = await events_of(services_of(own).core.audit)

    stored = "\n".join(str(each) for each in events)
    assert len(said) > 10
    for secret in said:
        assert secret not in stored
    for each in events:
        assert one_time_code not in each.details
        assert "000000" not in each.details


async def test_client_credentials_tokens_record_no_event(
    own: Application, client: TestClient
) -> None:
    machine = await own.create_client()
    before = len(await events_of(services_of(own).core.audit))

    token = (await own.client_credentials(machine)).json()["access_token"]
    await own.is_active(machine, token)
    await own.revoke(machine, token)

    assert len(await events_of(services_of(own).core.audit)) == before
