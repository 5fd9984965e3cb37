"""`postern authorization-types …`."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Postern, Result
from tests.support.application import Application, TestClient
from tests.support.authorization_types import PAYMENT_SCHEMA, SENTENCE, new_type
from tests.support.resources import new_resource

COMMAND = "authorization-types"


@pytest.fixture
def on_app(app: Application, postern: Postern) -> Postern:
    """`postern …` on the database of the running application."""

    async def run(*arguments: str) -> Result:
        return await postern(*arguments, DATABASE_URL=app.settings.database_url)

    return run


@pytest.fixture
def schema(tmp_path: Path) -> str:
    file = tmp_path / "payment.json"
    file.write_text(json.dumps(PAYMENT_SCHEMA), "utf-8")
    return str(file)


async def row_of(on_app: Postern, *arguments: str) -> Any:
    result = await on_app(COMMAND, *arguments, "--json")
    assert result.code == 0, result.errors
    return json.loads(result.output)


async def test_a_type_is_created_shown_changed_and_deleted(
    app: Application, on_app: Postern, client: TestClient, schema: str
) -> None:
    name, resource = app.new_name("payment"), await new_resource(app)
    created = await row_of(
        on_app, "create", name, "--schema", schema, "--description", SENTENCE,
        "--translation", "de={creditorName} bezahlen", "--client", client.client_id,
        "--resource", resource.name,
    )  # fmt: skip
    listed = await row_of(on_app, "list")
    shown = await on_app(COMMAND, "show", name)
    changed = await row_of(
        on_app, "set", name, "--open-to-all-clients", "--description", "Pay", "--remove-client",
        client.client_id, "--remove-resource", resource.name, "--translation", "fr=Payer",
        "--remove-translation", "de",
    )  # fmt: skip
    unconfirmed = await on_app(COMMAND, "delete", name)
    deleted = await row_of(on_app, "delete", name, "--yes")

    assert created in listed
    assert {**created, "owner": None, "created_at": None} == {
        "name": name,
        "json_schema": PAYMENT_SCHEMA,
        "description": SENTENCE,
        "translations": {"de": "{creditorName} bezahlen"},
        "is_open_to_all_clients": False,
        "clients": [client.client_id],
        "resources": [resource.name],
        "owner": None,
        "created_at": None,
    }
    assert '"creditorName"' in shown.output
    assert changed == {
        **created,
        "description": "Pay",
        "translations": {"fr": "Payer"},
        "is_open_to_all_clients": True,
        "clients": [],
        "resources": [],
    }
    assert unconfirmed.code != 0
    assert deleted == {"deleted": name}
    assert (await on_app(COMMAND, "show", name)).code != 0


async def test_a_schema_is_replaced(app: Application, on_app: Postern, tmp_path: Path) -> None:
    kind, file = await new_type(app, description="Pay", translations={}), tmp_path / "other.json"
    file.write_text('{"type": "object"}', "utf-8")

    changed = await row_of(on_app, "set", kind.name, "--schema", str(file))

    assert changed["json_schema"] == {"type": "object"}
    assert changed["description"] == "Pay"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("create", "x", "--description", "x"), "--schema"),
        (("create", "x", "--schema", "SCHEMA", "--description", "x"), "--open-to-all-clients"),
        (
            ("create", "x", "--schema", "none.json", "--description", "x", "--client", "c"),
            "can't be read",
        ),
        (
            ("create", "x", "--schema", "SCHEMA", "--description", "{no}", "--open-to-all-clients"),
            "placeholder",
        ),
        (
            ("create", "x", "--schema", "SCHEMA", "--description", "x", "--client", "unknown"),
            "no client",
        ),
        (("set", "KIND"), "Nothing to set"),
        (("set", "KIND", "--open-to-all-clients", "--listed-clients-only"), "either"),
        (("set", "KIND", "--remove-client", "unknown"), "--remove-client"),
        (("set", "unknown", "--description", "x"), "No type"),
        (("delete", "unknown", "--yes"), "No type"),
    ],
)
async def test_a_bad_command_says_what_to_do(
    app: Application, on_app: Postern, schema: str, arguments: tuple[str, ...], problem: str
) -> None:
    kind = await new_type(app)
    named = {"SCHEMA": schema, "KIND": kind.name}

    result = await on_app(COMMAND, *(named.get(each, each) for each in arguments))

    assert result.code != 0
    assert problem in " ".join(result.errors.split())
