"""`postern clients …`: what an operator does, and what clients notice of it."""

import json

import pytest

from tests.cli.conftest import Postern, Result
from tests.support.application import Application, TestClient
from tests.support.assertions import assert_oauth_error


@pytest.fixture
def clients(app: Application, postern: Postern) -> Postern:
    """`postern clients …` on the database of the running application."""

    async def run(*arguments: str) -> Result:
        return await postern("clients", *arguments, DATABASE_URL=app.settings.database_url)

    return run


async def test_list_and_show_print_everything_but_secrets(
    app: Application, clients: Postern
) -> None:
    name = app.new_name("client")
    client = await app.create_client(client_name=name, scope="orders")

    table, as_json = await clients("list"), await clients("list", "--json")
    shown = await clients("show", "--json", client.client_id)

    rows = {row["client_id"]: row for row in json.loads(as_json.output)}
    assert rows[client.client_id].items() <= json.loads(shown.output).items()
    assert rows[client.client_id]["client_name"] == name
    assert rows[client.client_id]["scope"] == "orders"
    assert rows[client.client_id]["redirect_uris"] == ["http://localhost:3000/callback"]
    assert rows[client.client_id]["disabled"] is False
    assert client.client_id in table.output
    for result in (table, as_json, shown):
        assert result.code == 0
        assert client.client_secret not in result.output
        assert "digest" not in result.output


@pytest.mark.slow
async def test_list_includes_clients_beyond_the_first_page(
    app: Application, clients: Postern
) -> None:
    made = [await app.create_client() for _ in range(101)]

    result = await clients("list", "--json")

    listed = [row["client_id"] for row in json.loads(result.output)]
    assert {client.client_id for client in made} <= set(listed)
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize(
    ("action", "client_id"),
    [
        ("show", "nobody"),
        ("show", ""),
        ("show", "no such\nid"),
        ("show", "\udcff"),
        ("show", "x" * 1000),
        ("rotate", "nobody"),
        ("disable", "nobody"),
        ("enable", "nobody"),
    ],
)
async def test_an_unknown_client_is_a_one_line_error_with_exit_code_1(
    clients: Postern, action: str, client_id: str
) -> None:
    result = await clients(action, client_id)

    assert result.code == 1
    assert result.output == ""
    assert result.errors == "postern: There is no client with that ID.\n"


async def test_rotate_issues_a_new_secret_and_invalidates_the_old_one(
    app: Application, clients: Postern
) -> None:
    client = await app.create_client()

    result = await clients("rotate", "--json", client.client_id)

    rotated = TestClient(client.client_id, json.loads(result.output)["client_secret"])
    assert result.code == 0
    assert len(rotated.client_secret) >= 48
    assert_oauth_error(await app.client_credentials(client), "invalid_client", status=401)
    assert (await app.client_credentials(rotated)).status_code == 200


async def test_rotate_prints_the_secret_in_text_output_too(
    app: Application, clients: Postern
) -> None:
    client = await app.create_client()

    result = await clients("rotate", client.client_id)

    (line,) = [each for each in result.output.splitlines() if each.startswith("client_secret")]
    rotated = TestClient(client.client_id, line.split()[1])
    assert (await app.client_credentials(rotated)).status_code == 200


async def test_a_public_client_has_no_secret_to_rotate(app: Application, clients: Postern) -> None:
    client = await app.create_client(token_endpoint_auth_method="none")

    result = await clients("rotate", client.client_id)

    assert result.code == 1
    assert result.errors == "postern: This client has no secret.\n"


async def test_a_disabled_client_cannot_authenticate_until_enabled(
    app: Application, clients: Postern
) -> None:
    """SECURITY_BAR row 3: disabled looks like a wrong secret"""
    client, observer = await app.create_client(), await app.create_client()
    user = await app.enrolled_user()
    pair = (await app.password_grant(client, user)).json()
    machine = (await app.client_credentials(client)).json()["access_token"]
    wrong = await app.client_credentials(TestClient(client.client_id, "wrong"))

    disabled = await clients("disable", "--json", client.client_id)

    refused = await app.client_credentials(client)
    assert json.loads(disabled.output)["disabled"] is True
    assert_oauth_error(refused, "invalid_client", status=401)
    assert refused.content == wrong.content
    for token in (machine, pair["access_token"]):
        assert not await app.is_active(observer, token)
        assert (await app.profile(token)).status_code == 401

    enabled = await clients("enable", "--json", client.client_id)

    assert json.loads(enabled.output)["disabled"] is False
    assert (await app.client_credentials(client)).status_code == 200
    assert (await app.refresh(client, pair["refresh_token"])).status_code == 200


async def test_clients_are_found_by_the_beginnings_of_words(
    app: Application, clients: Postern
) -> None:
    unique = app.new_name("found")
    for number in range(3):
        await app.create_client(client_name=f"Report {unique}{number}")

    found = await clients("list", "--json", "--search", f"rep {unique.upper()}")
    limited = await clients("list", "--json", "--search", unique, "--limit", "2")
    none = await clients("list", "--json", "--search", unique[1:])

    names = {row["client_name"] for row in json.loads(found.output)}
    assert names == {f"Report {unique}{number}" for number in range(3)}
    assert (len(json.loads(limited.output)), json.loads(none.output)) == (2, [])


async def test_events_of_a_client_are_listed(app: Application, postern: Postern) -> None:
    first, second = await app.create_client(), await app.create_client()
    url = app.settings.database_url
    await postern("clients", "disable", second.client_id, DATABASE_URL=url)

    result = await postern(
        "audit", "list", "--json", "--client", second.client_id, DATABASE_URL=url
    )

    events = json.loads(result.output)
    assert [each["action"] for each in events] == ["client.disabled", "client.created"]
    assert first.client_id not in result.output
