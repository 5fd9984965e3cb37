"""`postern clients block-host`, `blocked-hosts` and `unblock-host`."""

import json

from tests.cli.conftest import Postern
from tests.support.application import Application


async def test_a_host_is_blocked_listed_and_unblocked(app: Application, postern: Postern) -> None:
    url = app.settings.database_url

    async def run(*arguments: str) -> tuple[int, str]:
        result = await postern("clients", *arguments, DATABASE_URL=url)
        return result.code, result.output or result.errors

    blocked = await run("block-host", "--json", "Agent.example.")
    listed = await run("blocked-hosts", "--json")
    unblocked = await run("unblock-host", "--json", "agent.example")
    again = await run("unblock-host", "agent.example")
    wrong = await run("block-host", "https://agent.example")

    assert json.loads(blocked[1]) == {"blocked": "agent.example"}
    assert [each["host"] for each in json.loads(listed[1])] == ["agent.example"]
    assert json.loads(unblocked[1]) == {"unblocked": "agent.example"}
    assert again == (1, "postern: The host is not blocked.\n")
    assert wrong == (1, "postern: The host must be a name such as app.example.com.\n")
