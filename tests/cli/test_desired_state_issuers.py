"""Trusted issuers in files of desired state."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Postern
from tests.cli.desired import OnServer, members_in, number_of_events, on_server, written
from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.parts import services_of

CONFIDENTIAL = """
owner: infra
clients:
  - client_id: build
    client_name: Build
    kind: service
    client_secret: {env: BUILD_SECRET}
resources:
  - name: reports
    identifier: https://reports.example.com
    title: Reports
    is_open_to_all_clients: true
"""
ISSUER = """
trusted_issuers:
  - name: github
    issuer: https://token.actions.githubusercontent.com
    jwks_uri: https://token.actions.githubusercontent.com/.well-known/jwks
    algorithms: [RS256, ES256]
    audience: http://localhost:5000
    subjects: ["repo:octo/app:ref:refs/heads/main", "repo:octo/app:pull_request"]
    client_id: build
    scopes: [write, read]
    resources: [reports]
    claims: {repository_owner_id: "65"}
    maximum_age: 7200
"""
FULL = CONFIDENTIAL + ISSUER
SECRETS = {"BUILD_SECRET": "a-secret-of-at-least-32-characters-1"}


@pytest.fixture
async def server(start_app: AppFactory) -> Application:
    """An empty server."""
    return await start_app()


@pytest.fixture
def run(server: Application, postern: Postern) -> OnServer:
    return on_server(server, postern)


async def shown(run: OnServer, *words: str) -> Any:
    return json.loads((await run(*words, "--json")).output)


async def test_an_issuer_is_stored_as_the_file_states_it_and_exported_again(
    server: Application, run: OnServer, tmp_path: Path
) -> None:
    """Issue 16 section 8: an export is applied without a change, and without an audit event"""
    planned = await run("plan", written(tmp_path, FULL), "--detailed-exitcode", **SECRETS)
    applied = await run("apply", "state.yaml", **SECRETS)
    row = await shown(run, "issuers", "show", "github")
    events = await number_of_events(server)
    exported = await run("export", "--owner", "infra")
    written(tmp_path, exported.output, "exported.yaml")
    again = await run("apply", "exported.yaml")

    assert planned.code == 3
    assert applied.code == 0, applied.errors
    assert (row["owner"], row["client_id"], row["user_id"]) == ("infra", "build", None)
    assert (row["algorithms"], row["scopes"]) == (["ES256", "RS256"], ["read", "write"])
    assert row["claims"] == {"repository_owner_id": "65"}
    assert (row["resources"], row["maximum_age"]) == (["reports"], 7200)
    assert (again.code, again.output) == (0, "No changes.\n"), again.errors
    assert await number_of_events(server) == events


async def test_an_issuer_without_scopes_is_exported_with_all_that_it_needs(
    run: OnServer, tmp_path: Path
) -> None:
    text = FULL.replace("[write, read]", "[]").replace("resources: [reports]", "resources: []")
    await run("apply", written(tmp_path, text), **SECRETS)

    exported = await run("export", "--owner", "infra")
    written(tmp_path, exported.output, "exported.yaml")
    again = await run("plan", "exported.yaml", "--detailed-exitcode")

    assert (again.code, again.output) == (0, "No changes.\n"), again.errors


async def test_what_has_no_order_can_be_written_in_any(run: OnServer, tmp_path: Path) -> None:
    await run("apply", written(tmp_path, FULL), **SECRETS)
    other = (
        FULL.replace("[RS256, ES256]", "[ES256, RS256, ES256]")
        .replace("[write, read]", "[read, write]")
        .replace(
            '["repo:octo/app:ref:refs/heads/main", "repo:octo/app:pull_request"]',
            '["repo:octo/app:pull_request", "repo:octo/app:ref:refs/heads/main"]',
        )
    )

    planned = await run("plan", written(tmp_path, other), "--detailed-exitcode")

    assert (planned.code, planned.output) == (0, "No changes.\n")


async def test_an_issuer_is_changed_and_deleted_by_the_file(run: OnServer, tmp_path: Path) -> None:
    await run("apply", written(tmp_path, FULL), **SECRETS)

    planned = await run("plan", written(tmp_path, FULL.replace("7200", "60")), "--json")
    changed = await run("apply", "state.yaml")
    row = await shown(run, "issuers", "show", "github")
    deleted = await run("apply", written(tmp_path, "owner: infra\n"), "--yes")

    assert members_in(planned, "trusted issuer", "github")["maximum_age"]["after"] == 60
    assert (changed.code, row["maximum_age"]) == (0, 60)
    assert "0 to create, 0 to change, 3 to delete." in deleted.output
    assert await shown(run, "issuers", "list") == []


async def test_a_user_is_stated_by_their_username(
    server: Application, run: OnServer, tmp_path: Path
) -> None:
    user = await server.enrolled_user()
    text = FULL.replace(
        "    client_id: build\n    scopes",
        f"    user: {user.username.upper()}\n    presenters: [build]\n    scopes",
    )

    unknown = await run("plan", written(tmp_path, text.replace(user.username.upper(), "nobody")))
    applied = await run("apply", written(tmp_path, text), **SECRETS)
    again = await run("plan", "state.yaml", "--detailed-exitcode")
    exported = await run("export")

    assert unknown.code == 2
    assert applied.code == 0, applied.errors
    assert again.output == "No changes.\n"
    assert f"user: {user.username}" in exported.output
    assert "user_id" not in exported.output


async def test_an_issuer_of_another_owner_is_taken_over_only_if_asked(
    run: OnServer, tmp_path: Path
) -> None:
    await run("apply", written(tmp_path, CONFIDENTIAL), **SECRETS)
    await run(
        "issuers", "create", "github", "--issuer", "https://x.example", "--jwks-uri",
        "https://x.example/jwks", "--subject", "a", "--client", "build",
    )  # fmt: skip

    refused = await run("apply", written(tmp_path, FULL))
    taken = await run("apply", "state.yaml", "--take-over")

    assert refused.code == 1
    assert "trusted issuer github belongs to manual" in refused.errors
    assert taken.code == 0, taken.errors
    assert (await shown(run, "issuers", "show", "github"))["owner"] == "infra"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    client_id: build\n    scopes", "    client_id: other\n    scopes", "client_id"),
        ("    client_id: build\n    scopes", "    scopes", "either a client or a user"),
        ("    client_id: build\n    scopes", "    user: nobody\n    scopes", "presents? a JWT"),
        (
            "    client_id: build\n    scopes",
            "    user: nobody\n    presenters: [build]\n    scopes",
            "there is no user nobody. Create or import the user first.",
        ),
        ("    scopes: [write, read]\n", "", "scopes: Field required"),
        ("[reports]", "[nothing]", "resources"),
        ("app:pull_request", "app:pull_*", "whole segment"),
        ("http://localhost:5000", "https://other.example", "must be the issuer of this server"),
        ("[RS256, ES256]", "[HS256]", "algorithms"),
        ("    claims:", "    user_id: x\n    claims:", "user_id"),
    ],
)
async def test_what_cannot_be_stored_is_refused_with_its_place(
    server: Application, run: OnServer, tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in FULL

    refused = await run("plan", written(tmp_path, FULL.replace(old, new)), **SECRETS)

    assert refused.code == 2, refused.output
    assert message.replace("presents?", "present") in refused.errors
    assert "state.yaml:" in refused.errors
    assert await services_of(server).oauth.trusted_issuers.list_all() == []


IDENTITIES = """
  - name: company
    issuer: https://login.company.example
    jwks_uri: https://login.company.example/jwks
    algorithms: [ES256]
    audience: http://localhost:5000
    subjects: ["*"]
    presenters: [build]
    scopes: [read]
    resources: [reports]
    identities: {email_domains: [b.example, a.example], single_use: true, create_users: true}
"""


async def test_rules_for_identity_assertions_are_stored_changed_and_exported(
    run: OnServer, tmp_path: Path
) -> None:
    """Identity assertions, in any order of their domains"""
    applied = await run("apply", written(tmp_path, FULL + IDENTITIES), **SECRETS)
    row = await shown(run, "issuers", "show", "company")
    exported = await run("export", "--owner", "infra")
    written(tmp_path, exported.output, "exported.yaml")
    again = await run("plan", "exported.yaml", "--detailed-exitcode")
    swapped = FULL + IDENTITIES.replace("[b.example, a.example]", "[a.example, b.example]")
    same = await run("plan", written(tmp_path, swapped), "--detailed-exitcode")
    other = FULL + IDENTITIES.replace("single_use: true", "accepted_for: 60")
    await run("apply", written(tmp_path, other))
    changed = await shown(run, "issuers", "show", "company")

    assert applied.code == 0, applied.errors
    assert row["identities"]["email_domains"] == ["a.example", "b.example"]
    assert row["identities"]["create_users"] is True
    assert (again.code, again.output) == (0, "No changes.\n"), again.errors
    assert (same.code, same.output) == (0, "No changes.\n"), same.errors
    assert changed["identities"] == {
        "email_domains": ["a.example", "b.example"],
        "accepted_for": 60,
        "single_use": False,
        "create_users": True,
    }
