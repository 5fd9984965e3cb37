"""`postern clients create`, `set`, `policy`, `rotate-secret` and `admin-scopes`."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.services.operations.audit_actions import ServerEvent
from tests.cli.conftest import Postern, Result
from tests.protocol.registering import registered
from tests.support.administration import define, new_group
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import jwks, signing_key
from tests.support.parts import services_of
from tests.support.visitor import visiting

CALLBACK = "https://app.example.com/callback"
OTHER = "https://other.example.com/callback"
SECRET = "s3cret-" * 6


@pytest.fixture
def clients(app: Application, postern: Postern) -> Postern:
    """`postern clients …` on the database of the running application."""

    async def run(*arguments: str, typed: str = "") -> Result:
        return await postern(
            "clients", *arguments, typed=typed, DATABASE_URL=app.settings.database_url
        )

    return run


async def row_of(clients: Postern, *arguments: str, typed: str = "") -> dict[str, Any]:
    result = await clients(*arguments, "--json", typed=typed)
    assert result.code == 0, result.errors
    row: dict[str, Any] = json.loads(result.output)
    return row


async def web_client(app: Application, clients: Postern, *options: str) -> dict[str, Any]:
    name = app.new_name("Shop ")
    uri = f"--redirect-uri={CALLBACK}"
    return await row_of(clients, "create", name, "--kind", "web", uri, *options)


def as_test_client(row: dict[str, Any]) -> TestClient:
    return TestClient(row["client_id"], row.get("client_secret", ""))


async def test_a_web_client_completes_the_code_flow(
    app: Application, user: TestUser, clients: Postern
) -> None:
    row = await row_of(
        clients, "create", app.new_name(), "--kind", "web",
        "--redirect-uri", "http://localhost:3000/callback",
    )  # fmt: skip

    async with visiting(app) as visitor:
        tokens = await visitor.tokens_for(as_test_client(row), user, scope="openid")

    assert await app.is_active(as_test_client(row), tokens["access_token"])


async def test_a_service_gets_tokens_with_its_secret_and_no_grant_of_users(
    app: Application, user: TestUser, clients: Postern
) -> None:
    row = await row_of(clients, "create", app.new_name(), "--kind", "service", "--scope", "read")
    client = as_test_client(row)

    answer = await app.client_credentials(client)

    assert answer.status_code == 200, answer.text
    assert answer.json()["scope"] == "read"
    assert_oauth_error(await app.password_grant(client, user), "unauthorized_client")


@pytest.mark.parametrize(
    ("kind", "options", "grant_types", "has_secret"),
    [
        ("web", ["--redirect-uri", CALLBACK], "authorization_code refresh_token", True),
        ("spa", ["--redirect-uri", CALLBACK], "authorization_code refresh_token", False),
        ("native", ["--redirect-uri", "app:/back"], "authorization_code refresh_token", False),
        ("device", [], "urn:ietf:params:oauth:grant-type:device_code refresh_token", False),
        ("service", [], "client_credentials", True),
    ],
)
async def test_a_kind_has_only_its_grants(
    app: Application,
    clients: Postern,
    kind: str,
    options: list[str],
    grant_types: str,
    has_secret: bool,
) -> None:
    row = await row_of(clients, "create", app.new_name(), "--kind", kind, *options)

    assert row["grant_types"] == grant_types.split()
    assert ("client_secret" in row) is has_secret
    assert "client_secret" not in await row_of(clients, "show", row["client_id"])


async def test_the_id_and_the_secret_can_be_chosen(app: Application, clients: Postern) -> None:
    client_id = app.new_name("grafana")

    row = await row_of(
        clients, "create", "Grafana", "--kind", "service", "--client-id", client_id,
        "--secret-stdin", typed=f"{SECRET}\n",
    )  # fmt: skip

    assert (row["client_id"], row["client_secret"]) == (client_id, SECRET)
    answer = await app.client_credentials(TestClient(client_id, SECRET))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "client_id", ["", "two words", "a/b", "x" * 129, "0aF" + "0" * 29, "A" * 43]
)
async def test_an_id_of_another_form_is_refused(clients: Postern, client_id: str) -> None:
    """RFC 9068 section 5: it must not look like the `sub` of a user."""
    result = await clients("create", "x", "--kind", "service", f"--client-id={client_id}")

    assert (result.code, result.output) == (1, "")
    assert result.errors.startswith("postern: --client-id must have 1 to 128 letters")


async def test_the_id_of_a_deleted_client_stays_taken(app: Application, clients: Postern) -> None:
    client_id = app.new_name("grafana")
    options = ("--kind", "service", "--client-id", client_id)
    await row_of(clients, "create", "Grafana", *options)
    taken = await clients("create", "Grafana", *options)
    await deleted(app, client_id)

    again = await clients("create", "Grafana", *options)

    assert (taken.code, again.code) == (1, 1)
    assert taken.errors == again.errors
    assert "is taken" in again.errors


async def deleted(app: Application, client_id: str) -> None:
    core = services_of(app).core
    event = core.audit.event(ServerEvent.CLIENT_DELETED, client_id=client_id)
    await core.client_repository.delete(client_id, now=app.clock.now(), event=event)


@pytest.mark.parametrize(
    ("options", "typed", "line"),
    [
        (["--kind", "web"], "", "The authorization_code grant requires"),
        (["--kind", "spa", "--redirect-uri", "nothing"], "", "--redirect-uris: must be an https"),
        (["--kind", "service", "--secret-stdin"], "short", "A secret must have 32 to 200"),
        (["--kind", "device", "--secret-stdin"], SECRET, "This client has no secret."),
    ],
)
async def test_a_mistake_creates_no_client(
    clients: Postern, options: list[str], typed: str, line: str
) -> None:
    result = await clients("create", "x", *options, typed=f"{typed}\n")

    assert (result.code, result.output) == (1, "")
    assert result.errors.startswith(f"postern: {line}")


async def test_redirect_uris_are_added_and_removed(app: Application, clients: Postern) -> None:
    row = await web_client(app, clients)

    added = await row_of(clients, "set", row["client_id"], "--add-redirect-uri", OTHER)
    removed = await row_of(clients, "set", row["client_id"], "--remove-redirect-uri", CALLBACK)
    absent = await clients("set", row["client_id"], "--remove-redirect-uri", CALLBACK)

    assert added["redirect_uris"] == [CALLBACK, OTHER]
    assert removed["redirect_uris"] == [OTHER]
    assert absent.code == 1
    assert absent.errors.startswith("postern: --remove-redirect-uri: the client does not have")


async def test_set_changes_the_name_and_scope_and_keeps_the_secret_and_the_rest(
    app: Application, clients: Postern
) -> None:
    row = await row_of(clients, "create", app.new_name(), "--kind", "service", "--scope", "read")
    await row_of(clients, "trust", row["client_id"], "verified")

    changed = await row_of(
        clients, "set", row["client_id"], "--name", "New name",
        "--add-scope", "write", "--remove-scope", "read",
    )  # fmt: skip

    kept = {name: row[name] for name in row.keys() - {"client_name", "scope", "client_secret"}}
    kept["trust"] = "verified"
    assert changed == {**kept, "client_name": "New name", "scope": "write"}
    answer = await app.client_credentials(as_test_client(row))
    assert answer.json()["scope"] == "write"


async def test_any_metadata_is_set_from_a_file(
    app: Application, clients: Postern, tmp_path: Path
) -> None:
    row, file = await web_client(app, clients), tmp_path / "client.json"
    file.write_text(json.dumps({"tos_uri": "https://app.example.com/tos", "require_pkce": None}))

    await row_of(clients, "set", row["client_id"], "--json-file", str(file))

    metadata = (await row_of(clients, "show", row["client_id"]))["metadata"]
    assert metadata["tos_uri"] == "https://app.example.com/tos"
    assert "require_pkce" not in metadata


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("[]", "--json-file: must be a readable file with a JSON object."),
        ('{"trust": "first_party"}', "--json-file: trust is not a member that can be changed."),
        ('{"owner": "x"}', "--json-file: owner is not a member that can be changed."),
        ('{"client_secret": "x"}', "--json-file: client_secret is not a member"),
        ('{"grant_types": ["implicit"]}', ""),
        ('{"tos_uri": "nothing"}', "--tos-uri: "),
        ('{"scope": ["openid", "email"]}', "--scope: Input should be a valid string"),
        ('{"scope": 5}', "--scope: Input should be a valid string"),
        ('{"scope": "openid  email"}', "--scope: must be names separated by single spaces"),
        ('{"redirect_uris": 5}', "--redirect-uris: Input should be a valid list"),
        ('{"redirect_uris": [5]}', "--redirect-uris: Input should be a valid string"),
        ('{"redirect_uris": {"a": 1}}', "--redirect-uris: Input should be a valid list"),
    ],
)
async def test_a_bad_file_changes_nothing(
    app: Application, clients: Postern, tmp_path: Path, content: str, line: str
) -> None:
    row, file = await web_client(app, clients), tmp_path / "client.json"
    file.write_text(content)
    before = await row_of(clients, "show", row["client_id"])

    result = await clients("set", row["client_id"], "--json-file", str(file))

    assert (result.code, result.output) == (1, "")
    assert result.errors.startswith(f"postern: {line}")
    assert await row_of(clients, "show", row["client_id"]) == before


async def test_a_client_that_becomes_public_loses_its_secret_and_gets_another_one_later(
    app: Application, clients: Postern, tmp_path: Path
) -> None:
    row, file = await web_client(app, clients), tmp_path / "client.json"
    file.write_text('{"token_endpoint_auth_method": "none"}')
    public = await row_of(clients, "set", row["client_id"], "--json-file", str(file))
    file.write_text('{"token_endpoint_auth_method": null}')

    again = await row_of(clients, "set", row["client_id"], "--json-file", str(file))

    assert "client_secret" not in public
    assert again["client_secret"] != row["client_secret"]


async def test_a_policy_limits_a_client_to_a_group_and_maps_claims(
    app: Application, user: TestUser, clients: Postern
) -> None:
    client, group = await app.create_client(), await new_group(app)
    attribute = app.new_name("floor").replace("-", "_")
    await define(app, attribute, "number")

    row = await row_of(
        clients, "policy", client.client_id, "--access", "groups", "--group", group.name,
        "--map", "groups=groups", "--map", f"floor=attribute:{attribute}",
    )  # fmt: skip
    refused = await app.password_grant(client, user)
    opened = await row_of(
        clients, "policy", client.client_id, "--access", "everyone", "--unmap", "groups"
    )

    assert row["policies"]["access"] == {"kind": "groups", "groups": [group.group_id]}
    assert_oauth_error(refused, "invalid_grant")
    assert (await app.password_grant(client, user)).status_code == 200
    assert [each["name"] for each in opened["policies"]["claim_mappings"]] == ["floor"]
    assert await row_of(clients, "policy", client.client_id) == opened


async def test_a_policy_states_and_removes_the_second_factor_that_a_client_requires(
    app: Application, clients: Postern
) -> None:
    client = await app.create_client()

    stated = await row_of(clients, "policy", client.client_id, "--second-factor", "required")
    kept = await row_of(clients, "policy", client.client_id, "--access", "nobody")
    removed = await row_of(clients, "policy", client.client_id, "--reset", "second_factor")

    assert stated["policies"] == {"second_factor": "required"}
    assert kept["policies"]["second_factor"] == "required"
    assert "second_factor" not in removed["policies"]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--access", "groups"], "--access groups requires --group."),
        (["--access", "nobody", "--group", "x"], "--group requires --access groups."),
        (["--group", "nobody"], "There is no group with that name."),
        (["--map", "groups"], "--map must be CLAIM=SOURCE."),
        (["--map", "sub=groups"], "--claim-mappings: this claim is reserved"),
        (["--map", "floor=attribute:nope"], "--claim-mappings isn't a defined attribute."),
        (["--mapping", "[]"], "--mapping must be a JSON object."),
        (["--unmap", "groups"], "--unmap: the client has no mapping of that claim."),
    ],
)
async def test_a_mistake_in_a_policy_changes_nothing(
    app: Application, clients: Postern, options: list[str], line: str
) -> None:
    client = await app.create_client()

    result = await clients("policy", client.client_id, *options)

    assert (result.code, result.output) == (1, "")
    assert result.errors.startswith(f"postern: {line}")
    assert (await row_of(clients, "policy", client.client_id))["policies"] == {}


async def test_two_secrets_are_valid_during_an_overlap_until_the_old_one_is_dropped(
    app: Application, clients: Postern
) -> None:
    old = as_test_client(await row_of(clients, "create", app.new_name(), "--kind", "service"))

    row = await row_of(clients, "rotate-secret", old.client_id, "--overlap", "86400")
    new = as_test_client(row)
    during = [(await app.client_credentials(each)).status_code for each in (old, new)]
    dropped = await row_of(clients, "drop-old-secret", old.client_id)
    after = [(await app.client_credentials(each)).status_code for each in (old, new)]

    assert (during, after) == ([200, 200], [401, 200])
    assert dropped == {"client_id": old.client_id, "revoked": True}


async def test_a_secret_expires_at_the_time_that_was_set(
    app: Application, clients: Postern
) -> None:
    client = as_test_client(await row_of(clients, "create", app.new_name(), "--kind", "service"))
    at = (app.clock.now() + timedelta(hours=1)).isoformat(timespec="seconds")

    row = await row_of(clients, "expire-secret", client.client_id, "--at", at)
    shown = await row_of(clients, "show", client.client_id)
    before = (await app.client_credentials(client)).status_code
    app.clock.advance(seconds=3600)
    after = (await app.client_credentials(client)).status_code
    never = await row_of(clients, "expire-secret", client.client_id, "--never")
    later = (await app.client_credentials(client)).status_code

    assert row["secret_expires_at"] == shown["secret_expires_at"] is not None
    assert (before, after, later) == (200, 401, 200)
    assert never["secret_expires_at"] is None


async def test_a_new_secret_may_expire(app: Application, clients: Postern) -> None:
    """The commands use the clock of the machine."""
    client = as_test_client(await row_of(clients, "create", app.new_name(), "--kind", "service"))

    await row_of(clients, "rotate-secret", client.client_id, "--expires", "2999-01-01")
    shown = await row_of(clients, "show", client.client_id)
    past = await clients("rotate-secret", client.client_id, "--expires", "2000-01-01")
    both = await clients("expire-secret", client.client_id, "--never", "--at", "2999-01-01")

    assert shown["secret_expires_at"].startswith("2999-01-01T00:00:00")
    assert (past.code, past.output) == (1, "")
    assert both.errors == "postern: Use either --at or --never.\n"


async def test_without_an_overlap_the_old_secret_is_invalid_at_once(
    app: Application, clients: Postern
) -> None:
    old = as_test_client(await row_of(clients, "create", app.new_name(), "--kind", "service"))

    row = await row_of(clients, "rotate-secret", old.client_id)

    assert (await app.client_credentials(old)).status_code == 401
    assert (await app.client_credentials(as_test_client(row))).status_code == 200


async def test_a_client_that_registered_without_a_name_can_be_changed(
    app: Application, clients: Postern
) -> None:
    made = await registered(app)
    named = await row_of(clients, "create", app.new_name(), "--kind", "service")

    changed = await row_of(clients, "set", made["client_id"], "--add-redirect-uri", OTHER)
    without_name = await clients("set", named["client_id"], "--name", "")
    renamed = await row_of(clients, "set", made["client_id"], "--name", "At last")

    assert changed["redirect_uris"] == [*made["redirect_uris"], OTHER]
    assert without_name.code == 1
    assert renamed["client_name"] == "At last"


async def test_admin_scopes_are_a_list_of_their_own(app: Application, clients: Postern) -> None:
    client = await app.create_client()

    added = await row_of(
        clients, "admin-scopes", client.client_id, "--add", "users:read", "--add", "audit:read"
    )
    await row_of(clients, "admin-scopes", client.client_id, "--remove", "audit:read")
    shown = await row_of(clients, "show", client.client_id)

    assert added["admin_scopes"] == ["audit:read", "users:read"]
    assert shown["admin_scopes"] == ["users:read"]
    assert "users:read" not in shown["scope"]


async def test_a_client_with_keys_is_created_under_the_profile(
    app: Application, clients: Postern, tmp_path: Path
) -> None:
    """FAPI 2.0 section 5.3.2.1-6"""
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(jwks(signing_key())))
    callback = ("--redirect-uri", CALLBACK)

    by_file = await row_of(
        clients, "create", "Bank", "--kind", "web", "--profile", "fapi2",
        "--jwks-file", str(file), *callback,
    )  # fmt: skip
    by_uri = await row_of(
        clients, "create", "Bank", "--kind", "service",
        "--jwks-uri", "https://bank.example.com/jwks",
    )  # fmt: skip

    shown = await row_of(clients, "show", by_file["client_id"])
    assert by_file["token_endpoint_auth_method"] == "private_key_jwt"
    assert "client_secret" not in by_file
    assert shown["policies"] == {"profile": "fapi2"}
    assert shown["metadata"]["jwks"] == jwks(signing_key())
    assert by_uri["token_endpoint_auth_method"] == "private_key_jwt"
    assert (await row_of(clients, "show", by_uri["client_id"]))["policies"] == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--kind", "web", "--profile", "fapi2"], "requires token_endpoint_auth_method"),
        (["--kind", "spa", "--jwks-uri", "https://x.example/"], "require --kind web or service"),
        (["--kind", "web", "--jwks-file", "/nowhere"], "must be a readable file with a JWK Set"),
        (
            ["--kind", "web", "--jwks-file", "/nowhere", "--jwks-uri", "https://x.example/"],
            "Use either --jwks-uri or --jwks-file",
        ),
        (["--preset", "grafana", "--profile", "fapi2"], "require --kind"),
    ],
)
async def test_keys_and_the_profile_that_do_not_fit_create_no_client(
    app: Application, clients: Postern, options: list[str], message: str
) -> None:
    name = app.new_name("unfit")
    redirect = [] if "--preset" in options else ["--redirect-uri", CALLBACK]

    result = await clients("create", name, *options, *redirect)

    assert (result.code, result.output) == (1, "")
    assert message in result.errors
    assert name not in (await clients("list")).output
