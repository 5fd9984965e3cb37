"""`postern clients create --preset`."""

import json
from typing import Any

import pytest

from app.services.operations.authority import FULL
from tests.cli.conftest import Postern
from tests.cli.presets import URL, clients_of, created
from tests.support.administration import define, events_of
from tests.support.application import Application
from tests.support.parts import services_of


@pytest.fixture
def clients(app: Application, postern: Postern) -> Postern:
    return clients_of(app, postern)


async def policies_of(clients: Postern, client_id: str) -> Any:
    result = await clients("show", client_id, "--json")
    return json.loads(result.output)["policies"]


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
    assert policies["claim_mappings"] == [
        {"name": "groups", "source": "groups", "targets": ["id_token", "userinfo"]}
    ]
    assert (row["token_endpoint_auth_method"], "client_secret" in row) == ("none", False)


@pytest.mark.parametrize("preset", ["grafana", "argocd", "kubernetes", "nextcloud"])
async def test_id_tokens_of_a_preset_are_signed_with_rs256(
    app: Application, clients: Postern, preset: str
) -> None:
    """Which every one of these applications verifies"""
    for row in await created(app, clients, preset):
        client = await services_of(app).clients.clients.get(row["client_id"])
        assert client.registered_metadata.id_token_signed_response_alg == "RS256"


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
