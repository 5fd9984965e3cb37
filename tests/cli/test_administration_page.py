"""The commands of docs/administration.md, as an operator runs them on an empty server."""

import json
import shlex
from pathlib import Path
from typing import Any

from tests.cli.conftest import Postern

PAGE = Path(__file__).parents[2] / "docs" / "administration.md"
PASSWORD = "correct horse battery"
DATABASE = "sqlite:///postern.db"


def commands() -> list[list[str]]:
    lines = PAGE.read_text("utf-8").splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith("    postern ")]


async def test_every_command_of_the_page_succeeds_and_has_the_effect_that_it_says(
    postern: Postern,
) -> None:
    for words in commands():
        result = await postern(*words, typed=f"{PASSWORD}\n", DATABASE_URL=DATABASE)
        assert result.code == 0, (words, result.errors)

    async def shown(*words: str) -> Any:
        return json.loads((await postern(*words, "--json")).output)

    user, client = await shown("users", "show", "bob"), await shown("clients", "show", "wiki")
    assert user["disabled"] is True
    assert user["groups"] == ["developers"]
    assert user["attributes"] == {"department": "Research"}
    assert user["claims"]["email_verified"] is True
    assert client["redirect_uris"] == ["https://wiki.example.com/oauth/callback"]
    assert client["policies"]["access"]["kind"] == "groups"
    assert client["trust"] == "first_party"
    assert await shown("admin", "list") == [{"kind": "user", "name": "ada"}]


def test_the_page_shows_the_commands_for_every_object() -> None:
    objects = {"admin", "users", "groups", "roles", "attributes", "clients"}

    assert objects <= {words[0] for words in commands()}
