"""The commands of docs/admin-api.md, as they are printed there."""

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.support.admin_api import ADMIN_TOKEN, PREFIX
from tests.support.application import Application

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}
PAGE = Path(__file__).parents[3] / "docs" / "admin-api.md"
EXPECTED = [200, 201, 201, 200, 201, 200, 204, 204]


def commands() -> list[list[str]]:
    """Return the arguments of each curl command of the page."""
    text = PAGE.read_text("utf-8").replace("\\\n", " ")
    lines = re.findall(r"^ {4}curl (.+)$", text, re.MULTILINE)
    return [
        shlex.split(line.replace("$ADMIN_TOKEN", ADMIN_TOKEN).replace("$API", PREFIX))
        for line in lines
    ]


async def run(app: Application, arguments: list[str]) -> int:
    """Send the request that curl would send, and return the status."""
    method, body, url, headers = None, None, "", {}
    rest = iter(arguments)
    for each in rest:
        if each == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        elif each == "-X":
            method = next(rest)
        elif each == "-d":
            body = json.loads(next(rest))
        else:
            url = each
    content = json.dumps(body) if body is not None else None
    verb = method or ("POST" if body is not None else "GET")
    response = await app.http.request(verb, url, content=content, headers=headers)
    return response.status_code


@pytest.mark.both_databases
async def test_the_commands_of_the_page_succeed(app: Application) -> None:
    assert [await run(app, arguments) for arguments in commands()] == EXPECTED
