"""`postern resources …`, and the default resource of a client."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Postern, Result
from tests.support.application import Application, TestClient
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


async def test_a_resource_is_created_with_all_its_members(
    app: Application, on_app: Postern, client: TestClient
) -> None:
    name = app.new_name("api")
    created = await rows_of(
        on_app, "resources", "create", name, "--identifier", f"https://{name}.example/mcp",
        "--title", "Reports", "--alias", f"https://{name}.example",
        "--scope", "read=Read your reports", "--scope", "write=Change your reports",
        "--translation", "read:de=Ihre Berichte lesen", "--default-scope", "read",
        "--implies", "write=read", "--token-format", "jwt", "--signing-alg", "EdDSA",
        "--access-token-ttl", "300", "--requester", client.client_id,
        "--server", client.client_id, "--show-metadata",
    )  # fmt: skip
    listed = await rows_of(on_app, "resources", "list")

    assert created["created_at"]
    del created["created_at"]
    assert created == {
        "name": name,
        "identifier": f"https://{name}.example/mcp",
        "title": "Reports",
        "aliases": [f"https://{name}.example"],
        "scopes": [
            {
                "name": "read",
                "description": "Read your reports",
                "translations": {"de": "Ihre Berichte lesen"},
                "is_default": True,
                "implies": [],
            },
            {
                "name": "write",
                "description": "Change your reports",
                "translations": {},
                "is_default": False,
                "implies": ["read"],
            },
        ],
        "token_format": "jwt",
        "signing_alg": "EdDSA",
        "access_token_ttl": 300,
        "is_open_to_all_clients": False,
        "requesters": [client.client_id],
        "servers": [client.client_id],
        "shows_metadata": True,
        "allows_personal_tokens": False,
        "agents": False,
        "policies": {},
        "owner": "manual",
    }
    (row,) = [each for each in listed if each["name"] == name]
    assert (row["scopes"], row["is_open_to_all_clients"]) == (["read", "write"], False)


@pytest.mark.parametrize("word", ["set", "change"])
async def test_set_changes_what_is_stated_and_keeps_the_rest(
    app: Application, on_app: Postern, client: TestClient, word: str
) -> None:
    alias = f"https://{app.new_name('old')}.example"
    made = await new_resource(app, aliases=[alias], access_token_ttl=600)
    before = await rows_of(on_app, "resources", "show", made.name)
    group = await rows_of(on_app, "groups", "create", app.new_name("group"))

    changed = await rows_of(
        on_app, "resources", word, made.name, "--listed-clients-only",
        "--requester", client.client_id, "--server", client.client_id,
        "--remove-alias", f"{alias}/", "--scope", "delete=Delete your reports",
        "--translation", "read:de=Lesen", "--implies", "delete=write",
        "--remove-implied", "write=read", "--no-default-scope", "read",
        "--default-scope", "write", "--reset", "access_token_ttl",
        "--allow-personal-tokens", "--personal-token-group", group["name"],
    )  # fmt: skip
    again = await rows_of(
        on_app, "resources", word, made.name, "--open-to-all-clients", "--remove-scope", "delete",
        "--remove-translation", "read:de",
        "--default-scope", "read", "--no-default-scope", "write", "--implies", "write=read",
        "--remove-requester", client.client_id, "--remove-server", client.client_id,
        "--alias", alias, "--access-token-ttl", "600",
        "--forbid-personal-tokens", "--all-personal-token-users",
    )  # fmt: skip

    scopes = {each["name"]: each for each in changed["scopes"]}
    assert changed["aliases"] == []
    assert changed["is_open_to_all_clients"] is False
    assert changed["requesters"] == changed["servers"] == [client.client_id]
    assert changed["access_token_ttl"] is None
    assert changed["policies"]["personal_tokens"]["groups"] == [group["group_id"]]
    assert (scopes["delete"]["implies"], scopes["write"]["implies"]) == (["write"], [])
    assert scopes["read"]["translations"] == {"de": "Lesen"}
    assert [name for name, scope in scopes.items() if scope["is_default"]] == ["write"]
    assert again == {name: value for name, value in before.items() if name in again}


async def test_show_prints_the_metadata_and_the_header_of_the_server(
    app: Application, on_app: Postern
) -> None:
    """RFC 9728 sections 3.1, 3.3 and 5.1"""
    name = app.new_name("api")
    made = await new_resource(
        app, name=name, identifier=f"https://{name}.example/mcp", shows_metadata=True
    )
    url = f"https://{name}.example/.well-known/oauth-protected-resource/mcp"
    published = await app.http.get(f"/resources/{name}/metadata")

    row = await rows_of(on_app, "resources", "show", name)
    shown = await on_app("resources", "show", name)
    await rows_of(on_app, "resources", "set", name, "--hide-metadata")
    hidden = await on_app("resources", "show", name)

    assert row["metadata"] == {
        **published.json(), "authorization_servers": row["metadata"]["authorization_servers"],
    }  # fmt: skip
    assert row["metadata"]["resource"] == made.identifier
    assert row["metadata_url"] == url
    header = f'WWW-Authenticate: Bearer resource_metadata="{url}"'
    assert row["www_authenticate"] == header
    assert row["public_metadata_url"].endswith(f"/resources/{name}/metadata")
    for text in (f"  {url}\n", f"  {header}\n", row["public_metadata_url"], "section 3.3"):
        assert text in shown.output
    assert row["public_metadata_url"] not in hidden.output
    assert f"postern resources set {name} --show-metadata" in hidden.output


async def test_an_identifier_that_is_no_web_address_has_no_metadata_url(
    app: Application, on_app: Postern
) -> None:
    made = await new_resource(app, identifier=f"urn:example:{app.new_name('api')}")

    row = await rows_of(on_app, "resources", "show", made.name)
    shown = await on_app("resources", "show", made.name)

    assert (row["metadata_url"], row["www_authenticate"]) == (None, None)
    assert "not a web address" in shown.output
    assert "WWW-Authenticate" not in shown.output


async def test_a_resource_is_deleted_once_confirmed(app: Application, on_app: Postern) -> None:
    made = await new_resource(app)

    unconfirmed = await on_app("resources", "delete", made.name)
    deleted = await rows_of(on_app, "resources", "delete", made.name, "--yes")
    shown = await on_app("resources", "show", made.name)

    assert (unconfirmed.code, deleted, shown.code) == (1, {"deleted": made.name}, 1)
    assert shown.errors == "postern: There is no resource with that name.\n"


HERE = ["--identifier", "https://x.example", "--open-to-all-clients"]
NEW = ["create", "new", *HERE]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["create", "new", "--identifier", "https://x.example"], "Use --open-to-all-clients, or"),
        ([*NEW, "--listed-clients-only"], "Use either --open-to-all-clients or"),
        (["create", "No name", *HERE], "name: String should match"),
        (
            ["create", "new", "--identifier", "relative", "--open-to-all-clients"],
            "--identifier: must be",
        ),
        (
            ["create", "new", "--identifier", "https://x/#a", "--open-to-all-clients"],
            "--identifier: must not have a fragment",
        ),
        ([*NEW, "--alias", "relative"], "--alias: must be an absolute URI"),
        ([*NEW, "--scope", "read"], "--scope must be NAME=VALUE."),
        ([*NEW, "--scope", "openid=Mine"], "reserved"),
        ([*NEW, "--scope-json", "[]"], "--scope-json must be a JSON object with a name."),
        ([*NEW, "--scope-json", '{"name": "a", "x": 1}'], "--scope: "),
        ([*NEW, "--translation", "read:de=x"], "--translation: the resource has no scope read."),
        ([*NEW, "--translation", "read=x"], "--translation must begin with SCOPE:LANGUAGE"),
        ([*NEW, "--scope", "a=A", "--translation", "a:German!=x"], "--scope: "),
        ([*NEW, "--scope", "a=A", "--implies", "a=b"], "the scope a implies an unknown one: b"),
        ([*NEW, "--implies", "a"], "--implies must be SCOPE=SCOPE."),
        ([*NEW, "--default-scope", "a"], "--default-scope: the resource has no scope a."),
        ([*NEW, "--access-token-ttl", "1"], "--access-token-ttl: "),
        ([*NEW, "--requester", "unknown"], "no client"),
        ([*NEW, "--server", "unknown"], "no client"),
        ([*NEW, "--personal-token-group", "unknown"], "There is no group with that name."),
        (["set", "unknown", "--title", "x"], "There is no resource with that name."),
        (["set", "unknown"], "Nothing to set."),
        (["show", "unknown"], "There is no resource with that name."),
        (["delete", "unknown", "--yes"], "There is no resource with that name."),
    ],
)
async def test_what_is_not_possible_is_one_line(
    on_app: Postern, arguments: list[str], message: str
) -> None:
    result = await on_app("resources", *arguments)

    assert (result.code, result.output) == (1, "")
    assert message in result.errors
    assert len(result.errors.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--remove-alias", "https://x.example"], "--remove-alias: the resource does not have"),
        (["--remove-requester", "x"], "--remove-requester: the resource does not have x."),
        (["--remove-server", "x"], "--remove-server: the resource does not have x."),
        (["--remove-scope", "x"], "--remove-scope: the resource has no scope x."),
        (["--remove-scope", "read"], "the scope write implies an unknown one: read"),
        (["--remove-translation", "read:de"], "--remove-translation: there is none in de."),
        (["--remove-implied", "read=write"], "--remove-implied: read does not imply write."),
        (["--no-default-scope", "x"], "--no-default-scope: the resource has no scope x."),
        (["--show-metadata", "--hide-metadata"], "Use either --show-metadata or --hide-metadata."),
        (["--reset", "title"], "--reset must be one of access_token_ttl."),
    ],
)
async def test_what_a_resource_lacks_is_not_removed(
    app: Application, on_app: Postern, arguments: list[str], message: str
) -> None:
    made = await new_resource(app)

    result = await on_app("resources", "set", made.name, *arguments)

    assert result.code == 1
    assert message in result.errors
    assert await services_of(app).oauth.resources.get(made.name) == made


async def test_a_client_gets_a_default_resource_and_loses_it(
    app: Application, on_app: Postern, client: TestClient
) -> None:
    made = await new_resource(app)

    row = await rows_of(on_app, "clients", "set", client.client_id, "--default-resource", made.name)
    shown = await rows_of(on_app, "clients", "show", client.client_id)
    kept = await on_app("resources", "delete", made.name, "--yes")
    unset = await rows_of(on_app, "clients", "set", client.client_id, "--no-default-resource")

    assert row == {"client_id": client.client_id, "default_resource": made.name}
    assert shown["default_resource"] == made.name
    assert (kept.code, "as their default" in kept.errors) == (1, True)
    assert unset["default_resource"] is None


async def test_a_default_resource_that_is_not_possible_is_one_line(
    app: Application, on_app: Postern, client: TestClient
) -> None:
    closed = await new_resource(app, is_open_to_all_clients=False)

    for arguments, message in (
        (("--default-resource", "unknown"), "There is no resource with that name."),
        (("--default-resource", closed.name), "The client may not request this resource."),
        (("--default-resource", "x", "--no-default-resource"), "alone"),
        (("--default-resource", "x", "--name", "y"), "alone"),
    ):
        result = await on_app("clients", "set", client.client_id, *arguments)
        assert (result.code, len(result.errors.splitlines())) == (1, 1)
        assert message in result.errors


async def test_a_client_is_created_with_a_default_resource_or_not_at_all(
    app: Application, on_app: Postern
) -> None:
    made = await new_resource(app)
    closed = await new_resource(app, is_open_to_all_clients=False)
    client_id, other = app.new_name("client"), app.new_name("client")
    words = ("clients", "create", "A client", "--kind", "service", "--client-id")

    await rows_of(on_app, *words, client_id, "--default-resource", made.name)
    shown = await rows_of(on_app, "clients", "show", client_id)
    refused = [
        await on_app(*words, other, "--default-resource", name) for name in ("unknown", closed.name)
    ]
    of_preset = await on_app(
        "clients", "create", "x", "--preset", "grafana", "--url", "https://grafana.example.com",
        "--default-resource", made.name,
    )  # fmt: skip

    assert shown["default_resource"] == made.name
    assert [each.code for each in refused] == [1, 1]
    assert (await on_app("clients", "show", other)).code == 1
    assert "--default-resource requires --kind." in of_preset.errors
