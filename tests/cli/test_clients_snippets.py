"""`postern clients snippet`. Programs are run by tests/foreign; configuration is parsed here."""

import configparser
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jmespath
import pytest
import yaml

from app.cli.client_snippets import NAMES
from tests.cli.conftest import Postern
from tests.cli.presets import URL, clients_of, created
from tests.cli.product_keys import (
    ARGO_CD_SETTINGS,
    GRAFANA_SETTINGS,
    KUBECTL_OPTIONS,
    KUBELOGIN_OPTIONS,
    NEXTCLOUD_OPTIONS,
    OAUTH2_PROXY_SETTINGS,
)
from tests.support.application import Application

PAGE = (Path(__file__).parents[2] / "docs" / "presets.md").read_text("utf-8")
CONFIGURATION = {"grafana", "argocd", "kubernetes", "nextcloud", "oauth2-proxy"}


@pytest.fixture
def clients(app: Application, postern: Postern) -> Postern:
    return clients_of(app, postern)


async def snippet(clients: Postern, row: dict[str, Any], name: str) -> str:
    result = await clients("snippet", row["client_id"], name)
    assert result.code == 0, result.errors
    return result.output


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
    assert settings.keys() <= GRAFANA_SETTINGS
    assert settings["allow_assign_grafana_admin"] == "true"
    assert settings["use_pkce"] == "true"
    assert ini["server"]["root_url"] == f"{URL}/"
    assert path.search({"roles": ["Viewer", "Admin", "Editor"]}) == "Admin"
    assert path.search({"roles": []}) == "None"


async def test_the_grafana_snippet_follows_its_client_to_another_url(
    app: Application, clients: Postern
) -> None:
    (row,) = await created(app, clients, "grafana")
    old, new = row["redirect_uris"][0], "https://new.example.com/sub/login/generic_oauth"

    changed = await clients(
        "set", row["client_id"], "--add-redirect-uri", new, "--remove-redirect-uri", old
    )

    assert changed.code == 0, changed.errors
    ini = configparser.ConfigParser(interpolation=None)
    ini.read_string(await snippet(clients, row, "grafana"))
    assert ini["server"]["root_url"] == "https://new.example.com/sub/"


async def test_the_argo_cd_snippet_names_both_clients(app: Application, clients: Postern) -> None:
    web, cli = await created(app, clients, "argocd")

    settings, access = yaml.safe_load_all(await snippet(clients, web, "argocd"))

    oidc = yaml.safe_load(settings["data"]["oidc.config"])
    assert set(oidc) <= ARGO_CD_SETTINGS
    assert (settings["metadata"]["name"], set(settings["data"])) == (
        "argocd-cm",
        {"url", "oidc.config"},
    )
    assert (access["metadata"]["name"], set(access["data"])) == (
        "argocd-rbac-cm",
        {"scopes", "policy.default", "policy.csv"},
    )
    assert settings["data"]["url"] == URL
    assert (oidc["clientID"], oidc["cliClientID"]) == (web["client_id"], cli["client_id"])
    assert oidc["clientSecret"] == "$oidc.postern.clientSecret"
    assert "groups" in oidc["requestedScopes"]
    assert yaml.safe_load(access["data"]["scopes"]) == ["groups"]


async def test_the_kubernetes_snippet_takes_the_email_as_the_username(
    app: Application, clients: Postern
) -> None:
    (row,) = await created(app, clients, "kubernetes")

    text = await snippet(clients, row, "kubernetes")
    config = yaml.safe_load(text)

    (authenticator,) = config["jwt"]
    assert config["apiVersion"] == "apiserver.config.k8s.io/v1"
    assert set(authenticator) == {"issuer", "claimMappings"}
    assert set(authenticator["issuer"]) == {"url", "audiences"}
    assert set(authenticator["claimMappings"]) == {"username", "groups"}
    for mapping in authenticator["claimMappings"].values():
        assert set(mapping) == {"claim", "prefix"}
    assert config["kind"] == "AuthenticationConfiguration"
    assert authenticator["issuer"]["audiences"] == [row["client_id"]]
    assert authenticator["claimMappings"]["username"]["claim"] == "email"
    assert authenticator["claimMappings"]["groups"]["claim"] == "groups"


async def test_the_kubernetes_snippet_calls_kubelogin_for_the_client(
    app: Application, clients: Postern
) -> None:
    (row,) = await created(app, clients, "kubernetes")

    text = await snippet(clients, row, "kubernetes")

    lines = [line.removeprefix("#   ") for line in text.splitlines() if line.startswith("#   ")]
    words = shlex.split("\n".join(lines).replace("\\\n", " "))
    plugin = [word.removeprefix("--exec-arg=") for word in words if "--exec-arg=" in word]
    options = [word.split("=", 1) for word in plugin[2:]]
    scopes = {value for name, value in options if name == "--oidc-extra-scope"}
    assert words[:4] == ["kubectl", "config", "set-credentials", "oidc"]
    assert {word.split("=")[0] for word in words[4:]} <= KUBECTL_OPTIONS
    assert plugin[:2] == ["oidc-login", "get-token"]
    assert {name for name, _ in options} <= KUBELOGIN_OPTIONS
    assert ["--oidc-client-id", row["client_id"]] in options
    assert scopes | {"openid"} == set(row["scope"].split())


async def test_the_nextcloud_snippet_is_one_command(app: Application, clients: Postern) -> None:
    (row,) = await created(app, clients, "nextcloud")

    text = (await snippet(clients, row, "nextcloud")).replace("\\\n", " ")
    words = shlex.split(text, comments=True)

    options = dict(word.split("=", 1) for word in words[4:])
    assert words[:4] == ["php", "occ", "user_oidc:provider", "Postern"]
    assert options.keys() <= NEXTCLOUD_OPTIONS
    assert options["--clientid"] == row["client_id"]
    assert options["--clientsecret"] == "$CLIENT_SECRET"
    assert (options["--mapping-quota"], options["--mapping-groups"]) == ("quota", "groups")
    assert urlsplit(options["--discoveryuri"]).path == "/.well-known/openid-configuration"


async def test_the_oauth2_proxy_snippet_is_toml(app: Application, clients: Postern) -> None:
    (row,) = await created(app, clients, "grafana")

    settings = tomllib.loads(await snippet(clients, row, "oauth2-proxy"))

    assert settings.keys() <= OAUTH2_PROXY_SETTINGS
    assert settings["provider"] == "oidc"
    assert settings["client_id"] == row["client_id"]
    assert settings["code_challenge_method"] == "S256"
    assert "client_secret" not in settings


async def test_the_django_snippet_is_python(app: Application, clients: Postern) -> None:
    (row,) = await created(app, clients, "grafana")

    text = await snippet(clients, row, "django")

    compile(text, "django.py", "exec")
    assert '"login/generic_oauth",' in text
    assert '"token_auth_method": "client_secret_basic"' in text


@pytest.mark.parametrize(
    ("redirect_uri", "file"),
    [
        ("https://app.example.com", "app/[[...step]]/route.js"),
        ("https://app.example.com/", "app/[[...step]]/route.js"),
        ("https://app.example.com/callback", "app/[step]/route.js"),
        ("https://app.example.com/a/b/callback", "app/a/b/[step]/route.js"),
    ],
)
async def test_the_nextjs_snippet_says_where_its_file_belongs(
    app: Application, clients: Postern, redirect_uri: str, file: str
) -> None:
    client = await app.create_client(redirect_uri=redirect_uri)

    result = await clients("snippet", client.client_id, "nextjs")

    assert f"Save this file as {file}." in result.output


@pytest.mark.parametrize("name", NAMES)
async def test_a_snippet_says_whether_it_is_run_by_a_test(
    app: Application, clients: Postern, name: str
) -> None:
    (row,) = await created(app, clients, "grafana")

    text = await snippet(clients, row, name)

    table = PAGE.partition("## Snippets")[2]
    (tested,) = re.findall(rf"^\| `{name}` \|.*\| (.*) \|$", table, re.MULTILINE)
    assert ("Checked for syntax only" in text) is (name in CONFIGURATION)
    assert tested.startswith("Syntax only" if name in CONFIGURATION else "Run as printed")


async def test_a_snippet_with_a_secret_is_refused_for_a_client_that_signs_assertions(
    app: Application, clients: Postern
) -> None:
    client = await app.create_client(
        token_endpoint_auth_method="private_key_jwt",
        jwks_uri="https://app.example.com/jwks",
    )

    result = await clients("snippet", client.client_id, "nextjs")

    assert (result.code, result.output) == (1, "")
    assert "clients that have a secret" in result.errors


@pytest.mark.parametrize("name", ["nextjs", "django"])
async def test_a_snippet_whose_library_loses_the_query_of_a_redirect_uri_is_refused(
    app: Application, clients: Postern, name: str
) -> None:
    client = await app.create_client(redirect_uri="https://app.example.com/callback?app=1")

    result = await clients("snippet", client.client_id, name)
    other = await clients("snippet", client.client_id, "fastapi")

    assert (result.code, result.output) == (1, "")
    assert "whose redirect URI has no query" in result.errors
    assert "/callback?app=1" in other.output


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
