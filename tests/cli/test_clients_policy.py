"""`postern clients policy`, `registration-token` and what `show` says of them."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Postern, Result
from tests.support.application import Application, TestClient, TestUser
from tests.support.client_jwts import jwks, signing_key
from tests.support.parts import services_of
from tests.support.resources import new_resource
from tests.support.visitor import visiting


@pytest.fixture
def clients(app: Application, postern: Postern) -> Postern:
    """`postern clients …` on the database of the running application."""

    async def run(*arguments: str) -> Result:
        return await postern("clients", *arguments, DATABASE_URL=app.settings.database_url)

    return run


async def row_of(clients: Postern, *arguments: str) -> dict[str, Any]:
    result = await clients(*arguments, "--json")
    assert result.code == 0, result.errors
    row: dict[str, Any] = json.loads(result.output)
    return row


async def test_every_policy_is_set_and_reset(
    app: Application, client: TestClient, clients: Postern
) -> None:
    set_all = await row_of(
        clients, "policy", client.client_id,
        "--access-token-ttl", "120", "--refresh-token-ttl", "3600", "--require-pkce",
        "--consent", "always", "--id-token-claim", "email", "--id-token-claim", "name",
        "--allowed-scope", "openid", "--login-method", "passkey", "--login-method", "password",
        "--require-dpop-nonce", "--allowed-resource", "reports", "--allowed-resource", "wiki",
    )  # fmt: skip
    reset = await row_of(
        clients, "policy", client.client_id, "--reset", "consent", "--reset", "login_methods",
        "--allowed-scope", "email",
    )  # fmt: skip

    assert set_all["policies"] == {
        "access_token_ttl": 120,
        "refresh_token_ttl": 3600,
        "require_pkce": True,
        "require_dpop_nonce": True,
        "consent": "always",
        "id_token_claims": ["email", "name"],
        "allowed_scopes": ["openid"],
        "allowed_resources": ["reports", "wiki"],
        "login_methods": ["passkey", "password"],
    }
    without = {"consent", "login_methods"}
    left = {name: value for name, value in set_all["policies"].items() if name not in without}
    assert reset["policies"] == {**left, "allowed_scopes": ["email"]}
    assert (await app.client_credentials(client)).json()["expires_in"] == 120


async def test_what_a_client_may_exchange_is_added_and_reset(
    app: Application, client: TestClient, clients: Postern
) -> None:
    """RFC 8693: an option adds a name, and removes none"""
    one, two = (await new_resource(app)).name, (await new_resource(app)).name
    other = await app.create_client()

    first = await row_of(
        clients, "policy", client.client_id, "--exchange-target", one,
        "--exchanger-of", other.client_id, "--consent", "always",
    )  # fmt: skip
    second = await row_of(
        clients, "policy", client.client_id, "--exchange-without-actor", two,
        "--may-act", other.client_id,
    )  # fmt: skip
    reset = await row_of(clients, "policy", client.client_id, "--reset", "token_exchange")

    assert first["policies"]["token_exchange"] == {
        "targets": [one],
        "exchanger_of": [other.client_id],
    }
    assert second["policies"]["token_exchange"] == {
        "targets": [one, two],
        "targets_without_actor": [two],
        "exchanger_of": [other.client_id],
        "may_act": other.client_id,
    }
    assert reset["policies"] == {"consent": "always"}


async def test_identity_assertions_are_added_replaced_and_reset(
    app: Application, client: TestClient, clients: Postern
) -> None:
    other = await app.create_client()
    entry = {
        "audience": "https://chat.example",
        "relying_party": other.client_id,
        "client_id": "there",
        "access": {"kind": "nobody", "groups": []},
        "resources": ["https://api.chat.example"],
        "scopes": [],
        "release_email": False,
    }
    replaced, further = {**entry, "client_id": "new"}, {**entry, "audience": "https://wiki.example"}

    for each in (entry, further, replaced):
        row = await row_of(
            clients, "policy", client.client_id, "--identity-assertion", json.dumps(each)
        )
    wrong = await clients("policy", client.client_id, "--identity-assertion", "[]")
    unknown = json.dumps({**entry, "relying_party": "unknown"})
    stranger = await clients("policy", client.client_id, "--identity-assertion", unknown)
    reset = await row_of(clients, "policy", client.client_id, "--reset", "identity_assertions")

    assert [each["audience"] for each in row["policies"]["identity_assertions"]] == [
        "https://wiki.example",
        "https://chat.example",
    ]
    assert row["policies"]["identity_assertions"][1]["client_id"] == "new"
    assert wrong.errors == "postern: --identity-assertion must be a JSON object.\n"
    assert "There is no client with that ID." in stranger.errors
    assert reset["policies"] == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--access-token-ttl", "59"], "--access-token-ttl: Input should be greater"),
        (["--id-token-claim", "groups"], "id_token_claims are standard claims"),
        (["--login-method", "otp"], "--login-method: String should match"),
        (["--exchange-target", "none"], "There is no resource with that name."),
        (["--exchanger-of", "none"], "There is no client with that ID."),
        (["--may-act", "none"], "There is no client with that ID."),
        (["--login-method", "provider:none"], "There's no identity provider with that name."),
    ],
)
async def test_a_policy_that_is_not_possible_is_one_line(
    client: TestClient, clients: Postern, arguments: list[str], message: str
) -> None:
    result = await clients("policy", client.client_id, *arguments)

    assert (result.code, result.output) == (1, "")
    assert message in result.errors
    assert len(result.errors.splitlines()) == 1
    assert (await row_of(clients, "show", client.client_id))["policies"] == {}


async def test_a_client_of_an_administrator_changes_itself_until_its_token_is_revoked(
    app: Application, clients: Postern
) -> None:
    """RFC 7592 section 3"""
    made = await row_of(
        clients, "create", app.new_name(), "--kind", "web",
        "--redirect-uri", "https://a.example/cb",
    )  # fmt: skip
    client_id = made["client_id"]
    first = await row_of(clients, "registration-token", "issue", client_id)
    second = await row_of(clients, "registration-token", "issue", client_id)
    path = f"/register/{client_id}"
    assert second["registration_client_uri"].endswith(path)

    async def read(issued: dict[str, Any]) -> int:
        headers = {"Authorization": f"Bearer {issued['registration_access_token']}"}
        return (await app.http.get(path, headers=headers)).status_code

    assert [await read(first), await read(second)] == [401, 200]
    assert (await row_of(clients, "show", client_id))["has_registration_token"] is True
    revoked = [(await row_of(clients, "registration-token", "revoke", client_id)) for _ in "12"]
    assert [row["revoked"] for row in revoked] == [True, False]
    assert await read(second) == 401


async def test_show_says_who_uses_a_client(
    app: Application, client: TestClient, user: TestUser, clients: Postern
) -> None:
    unused = await row_of(clients, "show", client.client_id)
    async with visiting(app) as visitor:
        await visitor.tokens_for(client, user)
    await services_of(app).clients.usage.store()

    used = await row_of(clients, "show", client.client_id)

    assert (unused["users"], unused["last_token_at"]) == (0, None)
    assert used["users"] == 1
    assert used["last_token_at"] == app.clock.now().isoformat(timespec="seconds")


async def test_the_profile_is_set_for_a_client_that_fits_and_reset(
    app: Application, client: TestClient, clients: Postern
) -> None:
    """FAPI 2.0 section 5.3.2.1"""
    fitting = await app.create_client(
        token_endpoint_auth_method="private_key_jwt",
        jwks=jwks(signing_key()),
        grant_types=["authorization_code"],
    )

    refused = await clients("policy", client.client_id, "--profile", "fapi2")
    unknown = await clients("policy", fitting.client_id, "--profile", "fapi1")
    put = await row_of(clients, "policy", fitting.client_id, "--profile", "fapi2")
    reset = await row_of(clients, "policy", fitting.client_id, "--reset", "profile")

    assert (refused.code, refused.output) == (1, "")
    assert "The FAPI 2.0 profile requires token_endpoint_auth_method" in refused.errors
    assert unknown.code == 2
    assert put["policies"] == {"profile": "fapi2"}
    assert reset["policies"] == {}
