"""`postern clients create --preset` and `clients snippet`."""

import configparser
import json
import shlex
import tomllib
from typing import Any
from urllib.parse import urlsplit

import jmespath
import pytest
import yaml

from app.cli.client_snippets import NAMES
from app.services.operations.authority import FULL
from tests.cli.conftest import Postern, Result
from tests.support.administration import define, events_of
from tests.support.application import Application
from tests.support.parts import services_of

URL = "https://app.example.com"


@pytest.fixture
def clients(app: Application, postern: Postern) -> Postern:
    """`postern clients …` on the database of the running application."""

    async def run(*arguments: str) -> Result:
        return await postern("clients", *arguments, DATABASE_URL=app.settings.database_url)

    return run


async def created(app: Application, clients: Postern, preset: str, *more: str) -> list[Any]:
    result = await clients(
        "create", app.new_name(), "--preset", preset, "--url", URL, *more, "--json"
    )
    assert result.code == 0, result.errors
    rows: list[Any] = json.loads(result.output)
    return rows


async def policies_of(clients: Postern, client_id: str) -> Any:
    result = await clients("show", client_id, "--json")
    return json.loads(result.output)["policies"]


async def snippet(clients: Postern, row: dict[str, Any], name: str) -> str:
    result = await clients("snippet", row["client_id"], name)
    assert result.code == 0, result.errors
    return result.output


async def test_grafana_gets_roles_and_groups(app: Application, clients: Postern) -> None:
    (row,) = await created(app, clients, "grafana")

    roles = services_of(app).accounts.roles
    policies = await policies_of(clients, row["client_id"])
    assert row["redirect_uris"] == [f"{URL}/login/generic_oauth"]
    assert {each["name"] for each in policies["claim_mappings"]} == {"roles", "groups"}
    for name in ("GrafanaAdmin", "Admin", "Editor", "Viewer", "None"):
        assert await roles.find_by_name(name, client_id=row["client_id"]) is not None


async def test_argo_cd_gets_a_public_client_for_its_command(
    app: Application, clients: Postern
) -> None:
    web, cli = await created(app, clients, "argocd")

    assert web["redirect_uris"] == [f"{URL}/auth/callback"]
    assert cli["redirect_uris"] == ["http://localhost:8085/auth/callback"]
    assert cli["client_id"] == f"{web['client_id']}-cli"
    assert (cli["token_endpoint_auth_method"], "client_secret" in cli) == ("none", False)
    assert await policies_of(clients, web["client_id"]) == await policies_of(
        clients, cli["client_id"]
    )


async def test_kubernetes_accepts_users_with_a_verified_email_only(
    app: Application, clients: Postern
) -> None:
    result = await clients("create", app.new_name(), "--preset", "kubernetes", "--json")

    (row,) = json.loads(result.output)
    policies = await policies_of(clients, row["client_id"])
    assert "http://localhost:8000" in row["redirect_uris"]
    assert policies["require_verified_email"] is True
    assert policies["id_token_claims"] == ["email", "email_verified"]


async def test_nextcloud_shares_one_attribute_for_quotas(
    app: Application, clients: Postern
) -> None:
    (first,) = await created(app, clients, "nextcloud")
    (second,) = await created(app, clients, "nextcloud")

    definition = await services_of(app).accounts.attributes.get("quota")
    assert definition.editable_by == "administrator"
    assert first["redirect_uris"] == [f"{URL}/apps/user_oidc/code"]
    assert await policies_of(clients, first["client_id"]) == await policies_of(
        clients, second["client_id"]
    )


async def test_a_quota_that_users_edit_is_refused(app: Application, clients: Postern) -> None:
    attributes = services_of(app).accounts.attributes
    if "quota" in await attributes.by_name():
        await attributes.delete("quota", authority=FULL)
    await define(app, "quota", "string", editable_by="user")

    result = await clients("create", "Cloud", "--preset", "nextcloud", "--url", URL)
    await attributes.delete("quota", authority=FULL)

    assert (result.code, result.output) == (1, "")
    assert "Users edit this attribute themselves" in result.errors


async def test_nothing_is_left_if_the_second_client_cannot_be_created(
    app: Application, clients: Postern
) -> None:
    client_id = "a" * 39  # with its suffix, the id of the second client looks like a subject

    result = await clients(
        "create", "Argo", "--preset", "argocd", "--url", URL, "--client-id", client_id
    )

    assert result.code == 1
    assert await services_of(app).clients.clients.find(client_id) is None
    assert not [
        event for event in await events_of(app, "client.created") if event.client_id == client_id
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset", "grafana"], "--url is required"),
        (["--preset", "grafana", "--url", "https://x.example/?a"], "--url:"),
        (["--preset", "grafana", "--url", "javascript:alert(1)"], "--url:"),
        (["--preset", "grafana", "--url", URL, "--kind", "web"], "either --kind or --preset"),
        (["--preset", "grafana", "--url", URL, "--scope", "openid"], "--preset sets"),
        (["--kind", "service", "--url", URL], "--url requires --preset"),
        ([], "either --kind or --preset"),
    ],
)
async def test_a_preset_that_is_not_possible_is_one_line(
    clients: Postern, arguments: list[str], message: str
) -> None:
    result = await clients("create", "An app", *arguments)

    assert (result.code, result.output) == (1, "")
    assert message in result.errors
    assert len(result.errors.splitlines()) == 1


async def test_snippets_name_the_client_and_never_its_secret(
    app: Application, clients: Postern
) -> None:
    (row,) = await created(app, clients, "grafana")

    texts = [await snippet(clients, row, name) for name in NAMES]

    for text in texts:
        assert row["client_id"] in text
        assert row["client_secret"] not in text
        assert "{{" not in text


async def test_the_grafana_snippet_is_an_ini_file_of_documented_settings(
    app: Application, clients: Postern
) -> None:
    (row,) = await created(app, clients, "grafana")

    ini = configparser.ConfigParser(interpolation=None)
    ini.read_string(await snippet(clients, row, "grafana"))

    settings = dict(ini["auth.generic_oauth"])
    path = jmespath.compile(settings["role_attribute_path"])
    assert settings["allow_assign_grafana_admin"] == "true"
    assert settings["use_pkce"] == "true"
    assert ini["server"]["root_url"] == f"{URL}/"
    assert path.search({"roles": ["Viewer", "Admin", "Editor"]}) == "Admin"
    assert path.search({"roles": []}) == "None"


async def test_the_argo_cd_snippet_names_both_clients(app: Application, clients: Postern) -> None:
    web, cli = await created(app, clients, "argocd")

    settings, access = yaml.safe_load_all(await snippet(clients, web, "argocd"))

    oidc = yaml.safe_load(settings["data"]["oidc.config"])
    assert settings["data"]["url"] == URL
    assert (oidc["clientID"], oidc["cliClientID"]) == (web["client_id"], cli["client_id"])
    assert oidc["clientSecret"] == "$oidc.postern.clientSecret"
    assert "groups" in oidc["requestedScopes"]
    assert yaml.safe_load(access["data"]["scopes"]) == ["groups"]


async def test_the_kubernetes_snippet_takes_the_email_as_the_username(
    app: Application, clients: Postern
) -> None:
    (row,) = await created(app, clients, "kubernetes")

    config = yaml.safe_load(await snippet(clients, row, "kubernetes"))

    (authenticator,) = config["jwt"]
    assert config["kind"] == "AuthenticationConfiguration"
    assert authenticator["issuer"]["audiences"] == [row["client_id"]]
    assert authenticator["claimMappings"]["username"]["claim"] == "email"
    assert authenticator["claimMappings"]["groups"]["claim"] == "groups"


async def test_the_nextcloud_snippet_is_one_command(app: Application, clients: Postern) -> None:
    (row,) = await created(app, clients, "nextcloud")

    text = (await snippet(clients, row, "nextcloud")).replace("\\\n", " ")
    words = shlex.split(text, comments=True)

    options = dict(word.split("=", 1) for word in words[4:])
    assert words[:4] == ["php", "occ", "user_oidc:provider", "Postern"]
    assert options["--clientid"] == row["client_id"]
    assert options["--clientsecret"] == "$CLIENT_SECRET"
    assert (options["--mapping-quota"], options["--mapping-groups"]) == ("quota", "groups")
    assert urlsplit(options["--discoveryuri"]).path == "/.well-known/openid-configuration"


async def test_the_oauth2_proxy_snippet_is_toml(app: Application, clients: Postern) -> None:
    (row,) = await created(app, clients, "grafana")

    settings = tomllib.loads(await snippet(clients, row, "oauth2-proxy"))

    assert settings["provider"] == "oidc"
    assert settings["client_id"] == row["client_id"]
    assert settings["code_challenge_method"] == "S256"
    assert "client_secret" not in settings


@pytest.mark.parametrize("name", NAMES)
async def test_a_hostile_redirect_uri_never_reaches_a_snippet(
    app: Application, clients: Postern, name: str
) -> None:
    uri = "https://evil.example.com/$(touch%20x)'$(id)"
    client = await app.create_client(redirect_uri=uri)

    result = await clients("snippet", client.client_id, name)

    assert (result.code, result.output) == (1, "")
    assert "must not contain" in result.errors


async def test_a_snippet_with_a_secret_is_refused_for_a_public_client(
    app: Application, clients: Postern
) -> None:
    (row,) = await created(app, clients, "kubernetes")

    result = await clients("snippet", row["client_id"], "fastapi")

    assert (result.code, result.output) == (1, "")
    assert "clients that have a secret" in result.errors
