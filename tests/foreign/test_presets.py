"""The preset for Grafana, walked by a foreign client with the settings that its snippet prints."""

import json
from typing import Any

import pytest
import pytest_asyncio

from tests.foreign.applications import clients
from tests.foreign.grafana import Grafana
from tests.foreign.person import person_at
from tests.support.application import Application
from tests.support.server import Server

pytestmark = pytest.mark.slow
URL = "http://localhost:3000"


@pytest_asyncio.fixture(scope="module")
async def row(server: Server) -> dict[str, Any]:
    """The client of the preset."""
    output = await clients(
        server, "create", "Grafana", "--preset", "grafana", "--url", URL, "--json"
    )
    (created,) = json.loads(output)
    client: dict[str, Any] = created
    return client


@pytest_asyncio.fixture(scope="module")
async def grafana(server: Server, row: dict[str, Any]) -> Grafana:
    printed = await clients(server, "snippet", row["client_id"], "grafana")
    return Grafana(printed, row["client_secret"])


@pytest.mark.parametrize(
    ("granted", "shown"),
    [
        (["Viewer", "GrafanaAdmin", "Admin"], "GrafanaAdmin"),
        (["Editor", "Admin"], "Admin"),
        (["Viewer", "Editor"], "Editor"),
        (["None", "Viewer"], "Viewer"),
        (["None"], "None"),
        ([], "None"),
    ],
)
async def test_grafana_gets_the_highest_role(
    server: Server,
    app: Application,
    row: dict[str, Any],
    grafana: Grafana,
    granted: list[str],
    shown: str,
) -> None:
    async with person_at(server, app) as person:
        for role in granted:
            await grant(server, row, role, "--user", person.user.username)

        signed_in = await grafana.sign_in(person)

    assert signed_in.roles == [shown] * 3
    assert signed_in.id_token["groups"] == signed_in.userinfo["groups"] == []
    login = grafana.settings["login_attribute_path"]
    assert signed_in.id_token[login] == signed_in.userinfo[login] == person.user.username


async def test_grafana_gets_the_role_and_the_name_of_a_group(
    server: Server, app: Application, row: dict[str, Any], grafana: Grafana
) -> None:
    async with person_at(server, app) as person:
        await server.run("groups", "create", "dashboards")
        await server.run("groups", "add-member", "dashboards", person.user.username)
        await grant(server, row, "Editor", "--group", "dashboards")

        signed_in = await grafana.sign_in(person)

    assert signed_in.roles == ["Editor"] * 3
    groups = grafana.settings["groups_attribute_path"]
    assert signed_in.id_token[groups] == signed_in.userinfo[groups] == ["dashboards"]


async def test_roles_of_another_client_do_not_reach_grafana(
    server: Server, app: Application, grafana: Grafana
) -> None:
    output = await clients(
        server, "create", "Another", "--preset", "grafana", "--url", f"{URL}/other", "--json"
    )
    (another,) = json.loads(output)
    async with person_at(server, app) as person:
        await grant(server, another, "GrafanaAdmin", "--user", person.user.username)

        signed_in = await grafana.sign_in(person)

    assert signed_in.roles == ["None"] * 3


async def grant(server: Server, row: dict[str, Any], role: str, *holder: str) -> None:
    await server.run("roles", "grant", role, "--client", row["client_id"], *holder)
