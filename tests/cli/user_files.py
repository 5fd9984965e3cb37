"""Files of users, and what commands print about them."""

import json
from typing import Any

from tests.cli.conftest import Postern, Result
from tests.support.application import Application


def json_lines(*rows: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def messages_in(result: Result) -> list[str]:
    """Return what was printed to standard error, without the name of the database."""
    return [line for line in result.errors.splitlines() if not line.startswith("Database: ")]


async def names_of_users(app: Application, postern: Postern) -> set[str]:
    listed = await postern("users", "list", "--json", DATABASE_URL=app.settings.database_url)
    return {row["username"] for row in json.loads(listed.output)}
