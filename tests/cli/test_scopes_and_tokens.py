"""`postern scopes …` and `postern tokens …`."""

import json
from datetime import timedelta
from typing import Any

import pytest

from app.services.operations.authority import FULL
from tests.cli.conftest import Postern, Result
from tests.support.account import stored
from tests.support.administration import events_of, id_of
from tests.support.application import Application
from tests.support.parts import services_of
from tests.support.resources import new_resource


@pytest.fixture
def on_app(app: Application, postern: Postern) -> Postern:
    """`postern …` on the database of the running application."""

    async def run(*arguments: str) -> Result:
        return await postern(*arguments, DATABASE_URL=app.settings.database_url)

    return run


async def rows_of(on_app: Postern, *arguments: str) -> Any:
    result = await on_app(*arguments, "--json")
    assert result.code == 0, result.errors
    return json.loads(result.output)


async def test_a_scope_is_described_changed_and_deleted(app: Application, on_app: Postern) -> None:
    name = app.new_name("invoices:")
    created = await rows_of(
        on_app, "scopes", "create", name, "--description", "See your invoices",
        "--translation", "de=Ihre Rechnungen", "--translation", "fr=Vos factures",
    )  # fmt: skip
    changed = await rows_of(
        on_app, "scopes", "set", name, "--description", "Your invoices",
        "--translation", "de=Rechnungen ansehen", "--remove-translation", "fr",
    )  # fmt: skip
    listed = await rows_of(on_app, "scopes", "list")
    shown = await rows_of(on_app, "scopes", "show", name)
    unconfirmed = await on_app("scopes", "delete", name)
    await rows_of(on_app, "scopes", "delete", name, "--yes")

    assert created["translations"] == {"de": "Ihre Rechnungen", "fr": "Vos factures"}
    assert created["owner"] == "manual"
    assert changed["translations"] == {"de": "Rechnungen ansehen"}
    assert changed["description"] == "Your invoices"
    assert changed in listed
    assert shown == changed
    assert unconfirmed.code == 1
    assert name not in [row["name"] for row in await rows_of(on_app, "scopes", "list")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["create", "openid", "--description", "x"], "This name is reserved for a scope"),
        (["create", "users:read", "--description", "x"], "This name is reserved for a scope"),
        (["create", "two words", "--description", "x"], "name: String should match"),
        (["create", "x", "--description", "y", "--translation", "German=z"], "--translations"),
        (["create", "x", "--description", ""], "--description"),
        (["set", "unknown", "--description", "x"], "The catalogue has no scope with that name."),
        (["set", "unknown"], "Nothing to set."),
        (["delete", "unknown", "--yes"], "The catalogue has no scope with that name."),
    ],
)
async def test_a_scope_that_is_not_possible_is_one_line(
    on_app: Postern, arguments: list[str], message: str
) -> None:
    result = await on_app("scopes", *arguments)

    assert (result.code, result.output) == (1, "")
    assert message in result.errors
    assert len(result.errors.splitlines()) == 1


async def test_initial_access_tokens_are_listed_without_secrets_and_revoked(
    app: Application, on_app: Postern
) -> None:
    """RFC 7591 section 1.2"""
    created = await rows_of(on_app, "tokens", "create", "--label", "Zoë", "--days", "1")
    other = await rows_of(on_app, "clients", "invite", "--label", "Ada")
    token, token_id = created["initial_access_token"], created["token_id"]
    listed = await on_app("tokens", "list", "--json")

    revoked = await rows_of(on_app, "tokens", "revoke", token_id)
    again = await on_app("tokens", "revoke", token_id)

    labels = {row["token_id"]: row["label"] for row in json.loads(listed.output)}
    assert labels[token_id] == "Zoë"
    assert labels[other["token_id"]] == "Ada"
    assert token not in listed.output
    assert revoked == {"token_id": token_id, "label": "Zoë", "revoked": True}
    assert again.code == 1
    tokens = services_of(app).clients.initial_access_tokens
    assert not await tokens.is_valid(token)
    assert await tokens.is_valid(other["initial_access_token"])


async def test_expired_initial_access_tokens_are_not_listed(app: Application) -> None:
    tokens = services_of(app).clients.initial_access_tokens
    _, token = await tokens.create("", lasts=timedelta(seconds=60), authority=FULL)
    before = await tokens.list_page()

    app.clock.advance(seconds=60)

    assert token in before
    assert token not in await tokens.list_page()


@pytest.mark.parametrize("token_id", ["", "x", "0" * 32, "0" * 64, "postern_ia_abc"])
async def test_an_unknown_token_is_one_line(on_app: Postern, token_id: str) -> None:
    result = await on_app("tokens", "revoke", token_id)

    assert result.code == 1
    assert result.errors == "postern: There is no valid initial access token with that ID.\n"


async def test_personal_access_tokens_of_a_user_are_listed_and_revoked(
    app: Application, on_app: Postern
) -> None:
    server = await app.create_client()
    resource = await new_resource(app, servers=[server.client_id], allows_personal_tokens=True)
    user, other = await app.enrolled_user(), await app.enrolled_user()
    token = await services_of(app).oauth.personal_tokens.create(
        await stored(app, user),
        name="Backup",
        resource_name=resource.name,
        scopes=["write"],
        days=30,
    )

    (listed,) = await rows_of(on_app, "tokens", "list-personal", user.username)
    strange = await on_app("tokens", "revoke-personal", other.username, listed["token_id"])
    assert await app.is_active(server, token)
    revoked = await rows_of(on_app, "tokens", "revoke-personal", user.username, listed["token_id"])

    assert (listed["name"], listed["resource"]) == ("Backup", resource.identifier)
    assert (listed["scope"], listed["last_used_at"]) == ("read write", None)
    assert token not in str(listed)
    assert strange.code != 0
    assert revoked["revoked"] is True
    assert not await app.is_active(server, token)
    assert await rows_of(on_app, "tokens", "list-personal", user.username) == []
    (event,) = [
        each
        for each in await events_of(app, "personal_token.revoked")
        if each.user_id == await id_of(app, user)
    ]
    assert event.actor.startswith("operator:")
