"""`postern clients …` on the database of a running application, and clients of presets."""

import json
from typing import Any

from tests.cli.conftest import Postern, Result
from tests.support.application import Application

URL = "https://app.example.com"


def clients_of(app: Application, postern: Postern) -> Postern:
    async def run(*arguments: str) -> Result:
        return await postern("clients", *arguments, DATABASE_URL=app.settings.database_url)

    return run


async def created(app: Application, clients: Postern, preset: str, *more: str) -> list[Any]:
    result = await clients(
        "create", app.new_name(), "--preset", preset, "--url", URL, *more, "--json"
    )
    assert result.code == 0, result.errors
    rows: list[Any] = json.loads(result.output)
    return rows
