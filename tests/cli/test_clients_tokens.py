"""`postern clients consents`, `revoke-consent`, `tokens` and `revoke-tokens`."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Postern
from tests.cli.presets import clients_of
from tests.support.application import Application, TestClient, TestUser
from tests.support.visitor import Visitor


@pytest.fixture
def clients(app: Application, postern: Postern) -> Postern:
    return clients_of(app, postern)


async def rows_of(clients: Postern, *arguments: str) -> Any:
    result = await clients(*arguments, "--json")
    assert result.code == 0, result.errors
    return json.loads(result.output)


async def test_a_consent_is_listed_and_revoked_with_its_tokens(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor, clients: Postern
) -> None:
    tokens = await visitor.tokens_for(client, user, scope="openid email")

    (row,) = await rows_of(clients, "consents", client.client_id)
    revoked = await rows_of(clients, "revoke-consent", client.client_id, user.username)
    again = await clients("revoke-consent", client.client_id, user.username)

    assert (row["username"], row["scope"]) == (user.username, "email openid")
    assert revoked["revoked"] is True
    assert (again.code, again.output) == (1, "")
    assert not await app.is_active(client, tokens["access_token"])
    assert await rows_of(clients, "consents", client.client_id) == []


async def test_tokens_are_listed_without_the_tokens_and_revoked(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor, clients: Postern
) -> None:
    of_user = (await visitor.tokens_for(client, user))["access_token"]
    own = [(await app.client_credentials(client)).json()["access_token"] for _ in range(2)]

    listed = await clients("tokens", client.client_id)
    rows = await rows_of(clients, "tokens", client.client_id)
    first = await rows_of(clients, "tokens", client.client_id, "--limit", "1")
    await rows_of(clients, "revoke-tokens", client.client_id, "--token", rows[0]["token_id"])
    after_one = [await app.is_active(client, each) for each in (of_user, *own)]
    all_others = await rows_of(clients, "revoke-tokens", client.client_id)

    assert [row["kind"] for row in rows] == ["sign_in", "client", "client"]
    assert [row["username"] for row in rows] == [user.username, None, None]
    assert first == rows[:1]
    assert not [token for token in (of_user, *own) if token in listed.output]
    assert after_one == [False, True, True]
    assert all_others == {"client_id": client.client_id, "revoked": 2}
    assert await rows_of(clients, "tokens", client.client_id) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["consents", "nobody"],
        ["tokens", "nobody"],
        ["revoke-tokens", "nobody"],
        ["revoke-tokens", "CLIENT", "--token", "0" * 32],
        ["revoke-tokens", "CLIENT", "--token", "not a token"],
        ["revoke-consent", "CLIENT", "nobody"],
    ],
    ids=" ".join,
)
async def test_what_does_not_exist_is_a_one_line_error(
    client: TestClient, clients: Postern, arguments: list[str]
) -> None:
    result = await clients(*(client.client_id if each == "CLIENT" else each for each in arguments))

    assert (result.code, result.output) == (1, "")
    assert result.errors.count("\n") == 1
