"""`postern sessions …`: the sessions of one user or of all, and ending one."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Postern
from tests.support.administration import id_of
from tests.support.application import Application, TestUser
from tests.support.visitor import visiting

pytestmark = pytest.mark.both_databases


async def test_sessions_are_listed_the_newest_sign_in_first_and_ended(
    app: Application, postern: Postern
) -> None:
    start, users = app.clock.now().isoformat(), list[TestUser]()
    for _ in range(3):
        app.clock.advance(seconds=61)
        users.insert(0, user := await app.enrolled_user())
        async with visiting(app) as visitor:
            await visitor.sign_in(await visitor.get("/login"), user)
    url = app.settings.database_url

    async def listed(*arguments: str) -> list[dict[str, Any]]:
        result = await postern("sessions", "list", *arguments, "--json", DATABASE_URL=url)
        rows: list[dict[str, Any]] = json.loads(result.output)
        return rows

    rows = await listed("--since", start)
    ended = await postern("sessions", "end", rows[1]["session_id"], DATABASE_URL=url)

    assert [row["username"] for row in rows] == [user.username for user in users]
    assert await listed("--since", start, "--limit", "1") == rows[:1]
    assert await listed(users[2].username) == rows[2:]
    assert await listed("--since", "2100-01-01") == []
    assert ended.code == 0
    assert await listed("--since", start) == [rows[0], rows[2]]
    assert await id_of(app, users[1])  # the account stays


async def test_the_sessions_of_an_unknown_user_are_refused_with_one_line(
    app: Application, postern: Postern
) -> None:
    result = await postern("sessions", "list", "nobody", DATABASE_URL=app.settings.database_url)

    assert (result.code, result.output) == (1, "")
    assert "There is no user with that name." in result.errors
