"""`postern issuers …`."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.oauth.grants.jwt_bearer import JWT_BEARER
from tests.cli.conftest import Postern, Result
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import jwks, signing_key
from tests.support.resources import new_resource
from tests.support.trusted_issuers import workload_client

GITHUB = "https://token.actions.githubusercontent.com"
KEYS = f"{GITHUB}/.well-known/jwks"
PATTERN = "repo:octo/app:ref:refs/heads/main"


@pytest.fixture
def on_app(app: Application, postern: Postern) -> Postern:
    """`postern …` on the database of the running application."""

    async def run(*arguments: str) -> Result:
        return await postern(*arguments, DATABASE_URL=app.settings.database_url)

    return run


async def row_of(on_app: Postern, *arguments: str) -> Any:
    result = await on_app(*arguments, "--json")
    assert result.code == 0, result.errors
    return json.loads(result.output)


@pytest.mark.both_databases
async def test_an_issuer_is_trusted_listed_shown_and_deleted(
    app: Application, on_app: Postern
) -> None:
    name, resource = app.new_name("build"), await new_resource(app)
    client = await workload_client(app)
    created = await row_of(
        on_app, "issuers", "create", name, "--issuer", GITHUB, "--jwks-uri", KEYS,
        "--subject", PATTERN, "--client", client.client_id, "--scope", "read",
        "--resource", resource.name, "--claim", "repository_owner_id=65", "--maximum-age", "7200",
    )  # fmt: skip
    shown = await row_of(on_app, "issuers", "show", name)
    listed = await row_of(on_app, "issuers", "list")
    again = await on_app(
        "issuers", "create", name, "--issuer", GITHUB, "--jwks-uri", KEYS,
        "--subject", PATTERN, "--client", client.client_id,
    )  # fmt: skip
    unconfirmed = await on_app("issuers", "delete", name)
    await row_of(on_app, "issuers", "delete", name, "--yes")

    assert created["audience"] == app.settings.issuer_url
    assert created["algorithms"] == ["RS256"]
    assert created["claims"] == {"repository_owner_id": "65"}
    assert created["maximum_age"] == 7200
    assert created["resources"] == [resource.name]
    assert shown == created
    assert created in listed
    assert (again.code, unconfirmed.code) == (1, 1)
    assert "already exists" in again.errors
    assert (await on_app("issuers", "show", name)).code == 1


async def test_keys_come_from_a_file_and_a_user_has_presenters(
    app: Application, on_app: Postern, user: TestUser, tmp_path: Path
) -> None:
    client, keys = await workload_client(app), tmp_path / "keys.json"
    keys.write_text(json.dumps(jwks(signing_key())))

    created = await row_of(
        on_app, "issuers", "create", app.new_name("cluster"), "--issuer", "https://k8s.example",
        "--jwks", str(keys), "--algorithm", "ES256", "--subject", "system:serviceaccount:shop:*",
        "--user", user.username, "--presenter", client.client_id,
    )  # fmt: skip

    assert created["jwks"] == jwks(signing_key())
    assert created["user_id"]
    assert created["presenters"] == [client.client_id]
    assert created["scopes"] == created["resources"] == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--subject", "*", "--client", "c", "--jwks-uri", KEYS], "a segment that isn't *"),
        (["--subject", "a-*", "--client", "c", "--jwks-uri", KEYS], "whole segment"),
        (["--subject", "a", "--client", "c"], "either jwks_uri or jwks"),
        (["--subject", "a", "--client", "c", "--jwks-uri", "http://x.example"], "https URL"),
        (["--subject", "a", "--client", "c", "--jwks", "missing.json"], "can't be read"),
        (["--subject", "a", "--jwks-uri", KEYS], "either a client or a user"),
        (["--subject", "a", "--client", "c", "--presenter", "d", "--jwks-uri", KEYS], "present"),
        (["--subject", "a", "--client", "nobody", "--jwks-uri", KEYS], "no client"),
        (["--subject", "a", "--client", "c", "--jwks-uri", KEYS, "--claim", "x"], "NAME=VALUE"),
        (
            ["--subject", "a", "--client", "c", "--jwks-uri", KEYS, "--maximum-age", "9"],
            "60",
        ),
        (
            ["--subject", "a", "--client", "c", "--jwks-uri", KEYS, "--audience", "https://x.io"],
            "issuer of this server",
        ),
        (
            ["--subject", "a", "--client", "c", "--jwks-uri", KEYS, "--resource", "nothing"],
            "no resource",
        ),
    ],
)
async def test_a_mistake_gets_one_line(
    app: Application, on_app: Postern, options: list[str], message: str
) -> None:
    result = await on_app("issuers", "create", app.new_name(), "--issuer", GITHUB, *options)

    assert result.code != 0
    assert message in " ".join(result.errors.split())


async def test_a_public_client_and_an_insecure_issuer_are_refused(
    app: Application, on_app: Postern, client: TestClient
) -> None:
    public = await app.create_client(token_endpoint_auth_method="none")
    options = ["--jwks-uri", KEYS, "--subject", "a", "--client"]

    of_public = await on_app(
        "issuers", "create", "public", "--issuer", GITHUB, *options, public.client_id
    )
    insecure = await on_app(
        "issuers", "create", "ours", "--issuer", "http://insecure.example", *options,
        client.client_id,
    )  # fmt: skip

    assert "without authentication" in of_public.errors
    assert "https URL" in insecure.errors


async def test_a_workload_gets_a_token_of_a_client_that_was_set_up_as_documented(
    app: Application, on_app: Postern, tmp_path: Path
) -> None:
    """docs/workload-identity.md"""
    key, keys, grant = signing_key(), tmp_path / "keys.json", tmp_path / "grant.json"
    keys.write_text(json.dumps(jwks(key)))
    grant.write_text(json.dumps({"grant_types": [JWT_BEARER], "response_types": []}))
    resource = await new_resource(app)
    client = await row_of(on_app, "clients", "create", app.new_name(), "--kind", "service")
    client_id = client["client_id"]
    await row_of(on_app, "clients", "set", client_id, "--json-file", str(grant))
    await row_of(
        on_app, "issuers", "create", app.new_name("build"), "--issuer", GITHUB, "--jwks", str(keys),
        "--algorithm", "ES256", "--subject", PATTERN, "--client", client_id,
        "--resource", resource.name, "--scope", "read",
    )  # fmt: skip
    now = int(app.clock.now().timestamp())
    claims = {"iss": GITHUB, "sub": PATTERN, "aud": app.settings.issuer_url}
    assertion = key.sign({**claims, "iat": now, "exp": now + 300})

    response = await app.token(
        None, grant_type=JWT_BEARER, assertion=assertion, resource=resource.identifier,
        client_id=client_id,
    )  # fmt: skip
    with_the_secret = await app.client_credentials(TestClient(client_id, client["client_secret"]))

    assert response.json()["scope"] == "read"
    assert_oauth_error(with_the_secret, "unauthorized_client")


async def test_an_issuer_of_identity_assertions_is_trusted(
    app: Application, on_app: Postern
) -> None:
    """Identity assertions: `*` alone is every user of the issuer"""
    name, client = app.new_name("work"), await workload_client(app)
    options = (
        *("issuers", "create", name, "--issuer", f"https://{name}.example", "--subject", "*"),
        *("--jwks-uri", KEYS, "--presenter", client.client_id),
    )
    created = await row_of(
        on_app, *options, "--identities", "--email-domain", "work.example",
        "--accepted-for", "1200", "--single-use", "--create-users",
    )  # fmt: skip

    rules = {
        "email_domains": ["work.example"],
        "accepted_for": 1200,
        "single_use": True,
        "create_users": True,
    }
    assert created["identities"] == rules
    assert (created["client_id"], created["user_id"]) == (None, None)
    assert (await row_of(on_app, "issuers", "show", name))["identities"] == rules
    assert (await on_app(*options)).code == 1  # without --identities
    without_rules = await on_app(*options, "--single-use")
    assert without_rules.code == 1
    assert "need --identities" in without_rules.errors
    for seconds in ("3601", "0"):
        result = await on_app(*options, "--identities", "--accepted-for", seconds)
        assert result.code == 1, result.output


@pytest.fixture
async def name(app: Application, on_app: Postern) -> str:
    """A trusted issuer of a client, with something in each member."""
    name, resource = app.new_name("build"), await new_resource(app)
    client = await workload_client(app)
    await row_of(
        on_app, "issuers", "create", name, "--issuer", GITHUB, "--jwks-uri", KEYS,
        "--subject", PATTERN, "--client", client.client_id, "--scope", "read",
        "--resource", resource.name, "--claim", "repository_owner_id=65", "--maximum-age", "7200",
    )  # fmt: skip
    return name


@pytest.mark.both_databases
async def test_set_changes_only_what_is_named(
    app: Application, on_app: Postern, name: str, tmp_path: Path
) -> None:
    before = await row_of(on_app, "issuers", "show", name)
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(jwks(signing_key())))

    scopes = await row_of(
        on_app, "issuers", "set", name, "--scope", "write", "--scope", "admin-of-mine"
    )
    keyed = await row_of(on_app, "issuers", "set", name, "--jwks", str(keys))
    others = await row_of(
        on_app, "issuers", "set", name, "--issuer", "https://ci.example", "--algorithm", "ES256",
        "--subject", "a", "--subject", "b:*", "--claim", "environment=live",
        "--audience", f"{app.settings.issuer_url}/ci", "--maximum-age", "60", "--jwks-uri", KEYS,
    )  # fmt: skip

    assert scopes == {**before, "scopes": ["admin-of-mine", "write"]}
    assert keyed == {**scopes, "jwks_uri": None, "jwks": jwks(signing_key())}
    assert others == {
        **scopes,
        "issuer": "https://ci.example",
        "algorithms": ["ES256"],
        "subjects": ["a", "b:*"],
        "claims": {"environment": "live"},
        "audience": f"{app.settings.issuer_url}/ci",
        "maximum_age": 60,
    }
    assert await row_of(on_app, "issuers", "show", name) == others


async def test_reset_returns_members_to_their_defaults(on_app: Postern, name: str) -> None:
    before = await row_of(on_app, "issuers", "show", name)
    members = ("scopes", "resources", "claims", "maximum_age", "algorithms", "presenters")
    resets = [word for each in members for word in ("--reset", each)]

    after = await row_of(on_app, "issuers", "set", name, *resets)

    empty = {"scopes": [], "resources": [], "claims": {}, "presenters": []}
    assert after == {**before, **empty, "maximum_age": 3600, "algorithms": ["RS256"]}


async def test_set_changes_what_the_tokens_stand_for(
    app: Application, on_app: Postern, name: str, user: TestUser
) -> None:
    presenter, client = await workload_client(app), await workload_client(app)
    change = ("issuers", "set", name)
    for_user = await row_of(
        on_app, *change, "--user", user.username, "--presenter", presenter.client_id
    )
    for_users = await row_of(
        on_app, *change, "--identities", "--subject", "*", "--create-users",
        "--email-domain", "work.example",
    )  # fmt: skip
    ruled = await row_of(on_app, *change, "--accepted-for", "900", "--single-use")
    relaxed = await row_of(on_app, *change, "--reset", "create_users", "--reset", "single_use")
    for_client = await row_of(on_app, *change, "--client", client.client_id, "--subject", "a")
    without = await on_app(*change, "--create-users")

    rules = {"email_domains": ["work.example"], "accepted_for": 600, "single_use": False}
    assert (for_user["client_id"], for_user["presenters"]) == (None, [presenter.client_id])
    assert for_user["user_id"]
    assert for_users["user_id"] is None
    assert for_users["identities"] == {**rules, "create_users": True}
    assert for_users["presenters"] == [presenter.client_id]
    assert ruled["identities"] == {
        **rules, "create_users": True, "accepted_for": 900, "single_use": True
    }  # fmt: skip
    assert relaxed["identities"] == {**rules, "create_users": False, "accepted_for": 900}
    assert for_client["client_id"] == client.client_id
    assert (for_client["identities"], for_client["presenters"]) == (None, [])
    assert without.code == 1
    assert "need --identities" in without.errors


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "Nothing to set."),
        (["--subject", "*"], "a segment that isn't *"),
        (["--jwks-uri", KEYS, "--jwks", "missing.json"], "can't be read"),
        (["--identities"], "clients that may present"),
        (["--client", ""], "at least 1 character"),
        (["--user", "nobody"], "There is no user with that name."),
        (["--resource", "nothing"], "no resource"),
        (["--audience", "https://elsewhere.example"], "issuer of this server"),
    ],
)
async def test_a_change_that_is_wrong_changes_nothing(
    on_app: Postern, name: str, options: list[str], message: str
) -> None:
    before = await row_of(on_app, "issuers", "show", name)

    result = await on_app("issuers", "set", name, *options)

    assert result.code == 1
    assert message in " ".join(result.errors.split())
    assert await row_of(on_app, "issuers", "show", name) == before
    assert (await on_app("issuers", "set", "missing", *(options or ["--single-use"]))).code == 1
