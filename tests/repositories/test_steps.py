"""Batched steps on both databases: a row fails alone, a cancelled caller takes his row back."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select

from app.database.database import BatchedWrite, Database
from app.database.errors import RefusedRowError, UnstorableValueError
from app.models.oauth.access_tokens import access_tokens
from app.models.oauth.token_families import token_families
from app.repositories.inserts import insert_once
from tests.support.locks import writes_blocked
from tests.support.machine import scaled
from tests.support.parts import count, open_database

Row = dict[str, Any]
MakeRow = Callable[..., Row]


def insert_step(database: Database) -> BatchedWrite:
    return database.step(insert_once(database, access_tokens))


async def stored_digests(database: Database) -> set[bytes]:
    return {row[0] for row in await database.fetch_all(select(access_tokens.c.digest))}


async def in_one_batch(step: BatchedWrite, rows: list[Row]) -> list[Any]:
    return await asyncio.gather(*(step(**row) for row in rows), return_exceptions=True)


@pytest.mark.parametrize("column", ["client_id", "scope", "expires_at"])
async def test_a_row_that_violates_a_constraint_fails_alone(
    database: Database, access_token_row: MakeRow, column: str
) -> None:
    rows = [access_token_row() for _ in range(9)]
    rows[4] = {**rows[4], column: None}

    answers = await in_one_batch(insert_step(database), rows)

    assert [type(answer) for answer in answers] == [
        RefusedRowError if place == 4 else type(None) for place in range(9)
    ]
    good = {row["digest"] for row in rows} - {rows[4]["digest"]}
    assert await stored_digests(database) == good


async def test_a_row_with_text_that_cannot_be_stored_fails_alone(
    database: Database, access_token_row: MakeRow
) -> None:
    """SECURITY_BAR row 44: a lone surrogate that got this far."""
    rows = [access_token_row() for _ in range(5)]
    rows[2]["scope"] = "profile \ud800"

    answers = await in_one_batch(insert_step(database), rows)

    assert isinstance(answers.pop(2), UnstorableValueError)
    assert answers == [None] * 4
    assert await count(database, "access_tokens") == 4


async def test_a_row_with_a_nul_character_fails_alone_on_postgresql(
    postgresql_url: str, access_token_row: MakeRow
) -> None:
    """SECURITY_BAR row 44: PostgreSQL's text has no NUL."""
    async with open_database(postgresql_url) as database:
        rows = [access_token_row() for _ in range(5)]
        rows[0]["scope"] = "pro\x00file"

        answers = await in_one_batch(insert_step(database), rows)

        assert isinstance(answers[0], UnstorableValueError)
        assert answers[1:] == [None] * 4
        assert await count(database, "access_tokens") == 4


async def test_a_batch_of_only_invalid_rows_stores_nothing(
    database: Database, access_token_row: MakeRow
) -> None:
    rows = [access_token_row(scope=None) for _ in range(3)]

    answers = await in_one_batch(insert_step(database), rows)

    assert {type(answer) for answer in answers} == {RefusedRowError}
    assert await count(database, "access_tokens") == 0


async def test_the_statements_of_a_step_are_atomic(
    database: Database, access_token_row: MakeRow
) -> None:
    step = database.step(
        insert_once(database, token_families, created_at="issued_at"),
        insert_once(database, access_tokens, family_id="family_id"),
    )
    rows = [access_token_row(family_id=secrets.token_hex(16)) for _ in range(3)]
    rows[1]["digest"] = None  # its family is inserted before the token is refused

    answers = await in_one_batch(step, rows)

    assert isinstance(answers[1], RefusedRowError)
    families = {row[0] for row in await database.fetch_all(select(token_families.c.family_id))}
    assert families == {rows[0]["family_id"], rows[2]["family_id"]}


async def test_repeating_a_row_changes_nothing(
    database: Database, access_token_row: MakeRow
) -> None:
    row = access_token_row()
    step = insert_step(database)

    answers = await in_one_batch(step, [row, {**row, "scope": "email"}])
    await step(**{**row, "scope": "admin"})

    assert answers == [None, None]
    stored = await database.fetch_all(select(access_tokens.c.scope))
    assert [each[0] for each in stored] == ["profile"]


async def test_a_cancelled_caller_withdraws_only_its_own_unsent_row(
    database: Database, database_url: str, access_token_row: MakeRow
) -> None:
    step = insert_step(database)
    await step(**access_token_row())  # every connection is open now
    sent, withdrawn, kept = (access_token_row() for _ in range(3))
    fillers = [access_token_row() for _ in range(database.backend.concurrent_batches - 1)]

    async with writes_blocked(database_url) as hold:
        tasks = []
        for row in (sent, *fillers):  # one batch each, all of them under way
            tasks.append(asyncio.create_task(step(**row)))
            await asyncio.sleep(scaled(0.05))
        waiting = asyncio.create_task(step(**withdrawn))
        neighbour = asyncio.create_task(step(**kept))
        await asyncio.sleep(scaled(0.05))
        tasks[0].cancel()
        waiting.cancel()
        await asyncio.sleep(scaled(0.5))  # whichever attempt holds the rows ends
        assert not neighbour.done()
        await hold.release()
        await neighbour
        await asyncio.gather(*tasks, waiting, return_exceptions=True)
    await step.drain()

    assert tasks[0].cancelled()
    assert waiting.cancelled()
    stored = await stored_digests(database)
    assert kept["digest"] in stored
    assert withdrawn["digest"] not in stored


async def test_a_blocked_batch_does_not_delay_the_next_one_on_postgresql(
    postgresql_url: str, access_token_row: MakeRow
) -> None:
    contested, *free = (access_token_row() for _ in range(65))
    other = await asyncpg.connect(postgresql_url)
    async with open_database(postgresql_url) as database:
        step = insert_step(database)
        await other.execute("BEGIN")
        await other.execute(
            "INSERT INTO access_tokens (digest, client_id, scope, issued_at, expires_at)"
            " VALUES ($1, 'x', 'x', now(), now())",
            contested["digest"],
        )
        waiting = asyncio.create_task(step(**contested))
        await asyncio.sleep(scaled(0.05))

        await in_one_batch(step, free)  # beside the one that waits for the other transaction

        is_waiting = not waiting.done()
        await other.execute("ROLLBACK")
        await asyncio.gather(waiting, return_exceptions=True)
        await other.close()
        assert is_waiting
        assert await stored_digests(database) == {row["digest"] for row in (contested, *free)}


async def test_a_thousand_concurrent_rows_are_all_stored(
    database: Database, access_token_row: MakeRow
) -> None:
    rows = [access_token_row() for _ in range(1000)]

    answers = await in_one_batch(insert_step(database), rows)

    assert answers == [None] * 1000
    assert await stored_digests(database) == {row["digest"] for row in rows}
