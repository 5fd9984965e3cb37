"""No statement of a repository reads a table whole that grows with users and requests.

Every public method of every repository is called on databases with thousands of rows in each table,
and what it sends is explained. SQLite plans without statistics, PostgreSQL with.
"""

import sqlite3
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from app.database.batching import MicroBatch
from app.database.database import Database
from app.database.errors import ConflictingRowError, RefusedRowError
from app.database.statements import CompiledLookup, CompiledStatement
from tests.repositories.plans import explain, rows
from tests.repositories.plans.calls import Method, arguments_for, methods_of, repositories
from tests.repositories.plans.recording import Recording, recorded
from tests.repositories.plans.special import SPECIAL, other_functions
from tests.support.databases import Databases
from tests.support.parts import open_database

EXCEPTIONS: dict[str, str] = {}
"""Statements that may read a table whole, by a part of their text, and why."""
NOT_SENT = {
    "client_documents: connection.execute(LOCK": "SQLite, which has one writer, locks nothing"
}
"""What is not sent to SQLite, by its beginning, and why."""


@pytest_asyncio.fixture(scope="module")
async def large_url(databases: Databases, database_kind: str) -> str:
    url = await databases.migrated(database_kind)
    if database_kind == "postgresql":
        await rows.fill_postgresql(url)
    else:
        rows.fill_sqlite(url)
    return url


class Sent:
    """What the repositories sent, and what their batches send."""

    def __init__(self, recording: Recording, database: Database) -> None:
        self.statements = recording.statements
        for each in database._batched:
            getattr(each, "_compiled", None)  # also what no call needed
        self.batched = [text for each in database._batched for text in texts_of(each)]
        self.missed = recording.missed()


@pytest_asyncio.fixture(scope="module")
async def sent(large_url: str) -> AsyncIterator[Sent]:
    with pytest.MonkeyPatch.context() as patch:
        async with open_database(large_url) as database:
            with recorded(database, patch) as recording:
                number = 10
                for repository in repositories(database):
                    for method in methods_of(repository):
                        number = await call(method, number)
                await other_functions(database, number + 1)
            yield Sent(recording, database)


async def call(method: Method, number: int) -> int:
    """Call a method about rows that no other call is about."""
    if method.name in SPECIAL:
        for made in SPECIAL[method.name](method.call, number + 1):
            await made
        return number + 1
    for bare in (False, True):
        number += 1
        positional, named = arguments_for(method, number, bare=bare)
        try:
            await method.call(*positional, **named)
        except (
            ConflictingRowError,
            RefusedRowError,
        ):  # it was sent, and that is all that counts here
            continue
    return number


def texts_of(value: Any) -> list[str]:
    """The texts of compiled statements, in whatever a repository gave to the batches."""
    if isinstance(value, list | tuple):
        return [text for each in value for text in texts_of(each)]
    if isinstance(value, CompiledLookup | CompiledStatement):
        return [value.text]
    if type(value).__module__.startswith("app.database") and not isinstance(value, MicroBatch):
        names = getattr(value, "__slots__", None) or vars(value)
        return [text for name in names for text in texts_of(getattr(value, name))]
    return []


@pytest.mark.slow
async def test_no_statement_fully_scans_a_growing_table(
    sent: Sent, large_url: str, database_kind: str
) -> None:
    scans: dict[str, list[str]] = {}
    if database_kind == "sqlite":
        connection = sqlite3.connect(large_url.removeprefix("sqlite:///"))
        for text, parameters in [
            *sent.statements.items(),
            *((each, None) for each in sent.batched),
        ]:
            scans[text] = explain.sqlite_scans(connection, text, parameters)
        connection.close()
    else:
        for for_batches, texts in ((False, sent.statements), (True, dict.fromkeys(sent.batched))):
            one = await explain.connect(large_url, for_batches=for_batches)
            for text, parameters in texts.items():
                scans[text] = await explain.postgresql_scans(one, text, parameters)
            await one.close()

    assert len(sent.statements) > 100
    assert len(sent.batched) > 20
    refused = [
        f"{', '.join(found)}: {text}"
        for text, found in scans.items()
        if found and not any(part in text for part in EXCEPTIONS)
    ]
    assert not refused, "\n\n".join(refused)


@pytest.mark.slow
async def test_every_repository_method_that_sends_a_statement_is_covered(
    sent: Sent, database_kind: str
) -> None:
    """A method that is added to a repository is called as the others are."""
    excused = tuple(NOT_SENT) if database_kind == "sqlite" else ()
    missed = [each for each in sent.missed if not each.startswith(excused)]

    assert not missed, "\n".join(missed)


async def test_a_full_table_scan_is_detected(large_url: str, database_kind: str) -> None:
    text = "SELECT user_id FROM users WHERE password_hash = 'x'"
    if database_kind == "sqlite":
        connection = sqlite3.connect(large_url.removeprefix("sqlite:///"))
        assert explain.sqlite_scans(connection, text, ()) == ["SCAN users"]
        connection.close()
        return
    one = await explain.connect(large_url, for_batches=False)
    assert await explain.postgresql_scans(one, text, ()) == ["Seq Scan of users"]
    await one.close()
