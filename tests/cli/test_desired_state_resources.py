"""Resources and default resources of clients in files of desired state."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Postern
from tests.cli.desired import FULL, SECRETS, OnServer, members_in, on_server, written
from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.parts import services_of

CLIENT = """
owner: infra
clients:
  - client_id: cli
    client_name: Command line
    kind: native
    redirect_uris: [http://127.0.0.1/callback]
"""
WITH_DEFAULT = f"{CLIENT}    default_resource: reports\n"
RESOURCE = """
resources:
  - name: reports
    identifier: https://reports.example.com
    title: Reports
    is_open_to_all_clients: false
    requesters: [cli]
"""


@pytest.fixture
async def server(start_app: AppFactory) -> Application:
    """An empty server."""
    return await start_app()


@pytest.fixture
def run(server: Application, postern: Postern) -> OnServer:
    return on_server(server, postern)


async def shown(run: OnServer, *words: str) -> Any:
    return json.loads((await run(*words, "--json")).output)


async def test_a_resource_is_stored_as_the_file_states_it(run: OnServer, tmp_path: Path) -> None:
    applied = await run("apply", written(tmp_path, FULL), **SECRETS)
    resource = await shown(run, "resources", "show", "reports")
    client = await shown(run, "clients", "show", "wiki")
    group = await shown(run, "groups", "show", "developers")

    assert applied.code == 0, applied.errors
    assert (resource["owner"], resource["token_format"]) == ("infra", "jwt")
    assert resource["aliases"] == ["https://reports.example.com"]
    assert (resource["requesters"], resource["servers"]) == (["cli", "wiki"], ["reports"])
    assert resource["policies"] == {
        "personal_tokens": {"kind": "groups", "groups": [group["group_id"]]}
    }
    assert [scope["name"] for scope in resource["scopes"]] == ["read.all", "read.own", "write"]
    assert client["default_resource"] == "reports"


async def test_what_has_no_order_can_be_written_in_any(run: OnServer, tmp_path: Path) -> None:
    await run("apply", written(tmp_path, FULL), **SECRETS)
    other = (
        FULL.replace("[wiki, cli]", "[cli, wiki, cli]")
        .replace("[read.all, read.own]", "[read.own, read.all]")
        .replace("groups: [Developers]}", "groups: [dEVELOPERS]}")
        .replace("https://reports.example.com/]", "https://reports.example.com]")
    )

    planned = await run("plan", written(tmp_path, other), "--detailed-exitcode")

    assert (planned.code, planned.output) == (0, "No changes.\n")


async def test_a_changed_resource_keeps_what_the_file_does_not_change(
    run: OnServer, tmp_path: Path
) -> None:
    await run("apply", written(tmp_path, FULL), **SECRETS)
    policies = (await shown(run, "resources", "show", "reports"))["policies"]
    changed = FULL.replace("title: Reports", "title: All reports").replace(
        "requesters: [wiki, cli]", "requesters: [wiki]"
    )

    planned = await run("plan", written(tmp_path, changed))
    applied = await run("apply", "state.yaml")
    resource = await shown(run, "resources", "show", "reports")

    assert planned.output.splitlines() == [
        "~ resource reports",
        "    title: Reports → All reports",
        "    requesters: - cli",
        "0 to create, 1 to change, 0 to delete.",
    ]
    assert applied.code == 0, applied.errors
    assert (resource["title"], resource["requesters"]) == ("All reports", ["wiki"])
    assert resource["policies"] == policies


async def test_a_resource_and_the_default_that_names_it_go_together(
    run: OnServer, tmp_path: Path
) -> None:
    await run("apply", written(tmp_path, WITH_DEFAULT + RESOURCE))

    without_both = await run("apply", written(tmp_path, CLIENT), "--yes")
    client = await shown(run, "clients", "show", "cli")

    assert without_both.code == 0, without_both.errors
    assert client["default_resource"] is None
    assert await shown(run, "resources", "list") == []


async def test_a_client_and_its_default_resource_are_deleted_together(
    run: OnServer, tmp_path: Path
) -> None:
    await run("apply", written(tmp_path, WITH_DEFAULT + RESOURCE))

    applied = await run("apply", written(tmp_path, "owner: infra\n"), "--yes")

    assert applied.code == 0, applied.errors
    assert "0 to create, 0 to change, 2 to delete." in applied.output


async def test_one_default_is_replaced_by_another_while_the_old_one_is_deleted(
    run: OnServer, tmp_path: Path
) -> None:
    await run("apply", written(tmp_path, WITH_DEFAULT + RESOURCE))
    other = (WITH_DEFAULT + RESOURCE).replace("reports", "billing")

    applied = await run("apply", written(tmp_path, other), "--yes")
    again = await run("plan", "state.yaml", "--detailed-exitcode")

    assert applied.code == 0, applied.errors
    assert (await shown(run, "clients", "show", "cli"))["default_resource"] == "billing"
    assert again.output == "No changes.\n"


async def test_the_default_of_a_client_that_still_states_it_is_not_deleted(
    run: OnServer, tmp_path: Path
) -> None:
    await run("apply", written(tmp_path, WITH_DEFAULT + RESOURCE))
    renamed = WITH_DEFAULT.replace("Command line", "CLI")

    applied = await run("apply", written(tmp_path, renamed), "--yes")
    client = await shown(run, "clients", "show", "cli")

    assert applied.code == 1
    assert "resource reports: Clients have this resource as their default." in applied.errors
    assert (client["client_name"], client["default_resource"]) == ("Command line", "reports")


async def test_the_default_of_a_client_of_another_owner_is_not_deleted(
    server: Application, run: OnServer, tmp_path: Path
) -> None:
    await run("apply", written(tmp_path, CLIENT + RESOURCE))
    other = await server.create_client()
    await run("resources", "set", "reports", "--requester", other.client_id)
    await run("clients", "set", other.client_id, "--default-resource", "reports")

    applied = await run("apply", written(tmp_path, CLIENT), "--yes")

    assert applied.code == 1
    assert "Clients have this resource as their default." in applied.errors


async def test_a_resource_of_another_owner_is_taken_over_only_if_asked(
    run: OnServer, tmp_path: Path
) -> None:
    await run("apply", written(tmp_path, CLIENT))
    await run(
        "resources", "create", "reports", "--identifier", "https://reports.example.com",
        "--open-to-all-clients",
    )  # fmt: skip
    file = written(tmp_path, CLIENT + RESOURCE)

    refused = await run("apply", file)
    taken = await run("apply", file, "--take-over")
    resource = await shown(run, "resources", "show", "reports")

    assert refused.code == 1
    assert "resource reports belongs to manual" in refused.errors
    assert taken.code == 0, taken.errors
    assert (resource["owner"], resource["requesters"]) == ("infra", ["cli"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    is_open_to_all_clients: false\n", "", "is_open_to_all_clients: Field required"),
        ("https://reports.example.com", "relative", "identifier: must be an absolute URI"),
        ("requesters: [cli]", "requesters: [unknown]", "requesters: "),
        ("requesters: [cli]", "servers: [cli]", "servers can only name confidential"),
        ("requesters: [cli]", "aliases: [http://localhost:5000]", "aliases can't be the issuer"),
        ("requesters: [cli]", "requesters: []", "default_resource: The client may not request"),
        ("requesters: [cli]", "scopes: [{name: openid, description: x}]", "scopes: "),
        (
            "requesters: [cli]",
            "policies: {personal_tokens: {kind: groups, groups: [nobody]}}\n    requesters: [cli]",
            "there is no group nobody. Add it to groups.",
        ),
        (
            "default_resource: reports",
            "default_resource: billing",
            "there is no resource billing. Add it to resources.",
        ),
    ],
)
async def test_what_cannot_be_stored_is_refused_with_its_place(
    server: Application, run: OnServer, tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = (WITH_DEFAULT + RESOURCE).replace(old, new)

    refused = await run("plan", written(tmp_path, text))

    assert refused.code == 2, refused.output
    assert message in refused.errors
    assert "state.yaml:" in refused.errors
    assert await services_of(server).oauth.resources.list_all() == []


async def test_the_identifier_of_a_resource_stays(run: OnServer, tmp_path: Path) -> None:
    text = WITH_DEFAULT + RESOURCE
    await run("apply", written(tmp_path, text))

    moved = await run("plan", written(tmp_path, text.replace("https://reports", "https://moved")))

    assert moved.code == 2
    assert "can't be changed, because it is the audience of tokens" in moved.errors


async def test_the_plan_as_json_has_the_members_of_a_resource(
    run: OnServer, tmp_path: Path
) -> None:
    planned = await run("plan", written(tmp_path, WITH_DEFAULT + RESOURCE), "--json")

    assert members_in(planned, "resource", "reports")["requesters"]["after"] == ["cli"]
    assert members_in(planned, "client", "cli")["default_resource"]["after"] == "reports"
