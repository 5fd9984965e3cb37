"""`postern plan`, `apply` and `export`: what files state becomes what exists."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Postern
from tests.cli.desired import (
    FULL,
    OTHER_SECRET,
    SECRET,
    SECRETS,
    OnServer,
    members_in,
    number_of_events,
    on_server,
    written,
)
from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.parts import services_of

pytestmark = pytest.mark.both_databases


@pytest.fixture
async def server(start_app: AppFactory) -> Application:
    """An empty server."""
    return await start_app()


@pytest.fixture
def run(server: Application, postern: Postern) -> OnServer:
    return on_server(server, postern)


async def test_apply_creates_everything_and_a_second_apply_changes_nothing(
    server: Application, run: OnServer, tmp_path: Path
) -> None:
    file = written(tmp_path, FULL)

    planned = await run("plan", file, "--detailed-exitcode", **SECRETS)
    applied = await run("apply", file)
    events = await number_of_events(server)
    again = await run("plan", file, "--detailed-exitcode")
    second = await run("apply", file)

    assert (planned.code, applied.code) == (3, 0), planned.errors + applied.errors
    assert planned.output.endswith("\n12 to create, 0 to change, 0 to delete.\n")
    assert applied.output == f"{planned.output}Applied.\n"
    assert (again.code, again.output) == (0, "No changes.\n")
    assert (second.code, second.output) == (0, "No changes.\n")
    assert await number_of_events(server) == events


async def test_the_profile_of_a_client_is_stated_and_exported(
    run: OnServer, tmp_path: Path
) -> None:
    """FAPI 2.0 section 5.3.2.1"""
    bank = """
    owner: infra
    clients:
      - client_id: bank
        client_name: Bank
        grant_types: [authorization_code, refresh_token]
        redirect_uris: [https://bank.example.com/callback]
        token_endpoint_auth_method: private_key_jwt
        jwks_uri: https://bank.example.com/jwks
        policies: {profile: fapi2}
    """
    file = written(tmp_path, bank)

    applied = await run("apply", file, "--yes")
    again = await run("plan", file)
    exported = await run("export")
    unfit = await run("plan", written(tmp_path, bank.replace("private_key_jwt", "none")))

    assert applied.code == 0, applied.errors
    assert again.output == "No changes.\n"
    assert "profile: fapi2" in exported.output
    assert unfit.code == 2
    assert "The FAPI 2.0 profile requires token_endpoint_auth_method" in unfit.errors


async def test_what_was_applied_works(server: Application, run: OnServer, tmp_path: Path) -> None:
    await run("apply", written(tmp_path, FULL), **SECRETS)

    token = await server.http.post(
        "/token", data={"grant_type": "client_credentials"}, auth=("reports", SECRET)
    )
    wiki = json.loads((await run("clients", "show", "wiki", "--json")).output)
    group = json.loads((await run("groups", "show", "developers", "--json")).output)
    providers = json.loads((await run("providers", "list", "--json")).output)

    assert token.status_code == 200, token.text
    assert (wiki["trust"], wiki["owner"]) == ("verified", "infra")
    assert wiki["metadata"]["client_name#de"] == "Das Wiki"
    assert [each["name"] for each in wiki["policies"]["claim_mappings"]] == ["groups"]
    assert group["roles"] == ["editor", "wiki:reviewer"]
    assert [(each["name"], each["has_secret"]) for each in providers] == [("company", True)]
    services = services_of(server)
    provider = await services.federation.identity_providers.get("company")
    assert services.federation.identity_providers.secret_of(provider) == SECRETS["COMPANY_SECRET"]


async def test_a_file_that_was_exported_builds_the_same_on_an_empty_server(
    run: OnServer, start_app: AppFactory, postern: Postern, tmp_path: Path
) -> None:
    await run("apply", written(tmp_path, FULL), **SECRETS)

    exported = await run("export")
    file = written(tmp_path, exported.output, "a.yaml")
    on_empty = on_server(await start_app(), postern)
    names = re.findall(r"^  (\S+)$", exported.errors, re.MULTILINE)
    variables = dict.fromkeys(names, SECRET)
    planned = await on_empty("plan", file, "--detailed-exitcode", **variables)
    applied = await on_empty("apply", file)
    again = await on_empty("plan", file, "--detailed-exitcode")
    exported_again = await on_empty("export")

    assert names == ["CLIENT_SECRET_REPORTS", "CLIENT_SECRET_WIKI", "PROVIDER_SECRET_COMPANY"]
    assert (planned.code, applied.code, again.code) == (3, 0, 0), planned.errors
    assert again.output == "No changes.\n"
    assert exported_again.output == exported.output


async def test_an_export_of_what_was_made_otherwise_changes_nothing_on_the_same_server(
    server: Application, run: OnServer, tmp_path: Path
) -> None:
    await server.create_client()
    await run("groups", "create", "no")
    await run("roles", "create", "1e3")
    await run("clients", "create", "By hand", "--kind", "device")

    exported = await run("export", "--owner", "infra")
    planned = await run("plan", written(tmp_path, exported.output), "--detailed-exitcode")

    assert (planned.code, planned.output) == (0, "No changes.\n"), planned.errors
    assert "group no belongs to manual and is as state.yaml:" in planned.errors


async def test_a_plan_shows_the_members_that_change(run: OnServer, tmp_path: Path) -> None:
    await run("apply", written(tmp_path, FULL), **SECRETS)
    changed = (
        FULL.replace("https://wiki.example.com/callback", "https://wiki.example.com/cb")
        .replace("Write code", "Write and read code")
        .replace('[editor, "wiki:reviewer"]', "[editor]")
        .replace("  - name: Operators\n", "")
        .replace("eng: [Developers]", "eng: [Developers]\n      all: [Developers]")
    )

    planned = await run("plan", written(tmp_path, changed))

    assert planned.output.splitlines() == [
        "~ client wiki",
        "    redirect_uris: - https://wiki.example.com/callback, + https://wiki.example.com/cb",
        "~ group Developers",
        "    description: Write code → Write and read code",
        "    roles: - wiki:reviewer",
        "- group Operators",
        "~ identity provider company",
        "    group_mappings.all: + developers",
        "0 to create, 3 to change, 1 to delete.",
    ]


async def test_apply_stores_the_changes_of_each_kind(
    server: Application, run: OnServer, tmp_path: Path
) -> None:
    await run("apply", written(tmp_path, FULL), **SECRETS)
    changed = (
        FULL.replace("Write code", "Write and read code")
        .replace('[editor, "wiki:reviewer"]', "[editor]")
        .replace("Read your reports", "Read all your reports")
        .replace("description: Edits", "description: Edits everything")
        .replace("applies_to: both", "applies_to: groups")
        .replace("label: The Company", "label: Company")
        .replace("eng: [Developers]", "eng: [Operators]")
        .replace("trust: verified", "trust: first_party")
        .replace("[users:read]", "[]")
        .replace("groups: [developers]", "groups: [operators]")
        .replace("Read all reports", "Read everything")
    )
    file = written(tmp_path, changed)

    applied = await run("apply", file)
    again = await run("plan", file, "--detailed-exitcode")

    assert applied.code == 0, applied.errors
    assert "0 to create, 8 to change, 0 to delete." in applied.output
    assert (again.code, again.output) == (0, "No changes.\n")


async def test_the_plan_is_printed_as_json(run: OnServer, tmp_path: Path) -> None:
    planned = await run("plan", written(tmp_path, FULL), "--json", **SECRETS)

    content = json.loads(planned.output)
    assert (content["create"], content["change"], content["delete"]) == (12, 0, 0)
    assert members_in(planned, "client", "reports")["admin_scopes"] == {
        "before": None,
        "after": ["users:read"],
    }
    assert "Warning: client reports may administer this server: users:read" in planned.errors


async def test_a_secret_is_stored_and_never_printed(
    server: Application, run: OnServer, tmp_path: Path
) -> None:
    file = written(tmp_path, FULL)
    outputs = [await run("apply", file, **SECRETS)]

    same = await run("plan", file, "--detailed-exitcode")
    outputs.append(await run("plan", file, "--json", WIKI_SECRET=OTHER_SECRET))
    outputs.append(await run("apply", file))
    outputs.append(await run("export"))
    events = [each async for each in services_of(server).core.audit.read_all()]
    wiki = await services_of(server).clients.clients.get("wiki")

    assert same.code == 0
    assert members_in(outputs[1], "client", "wiki") == {
        "client_secret": {"before": None, "after": "a new value"}
    }
    assert services_of(server).clients.clients.is_secret_of(wiki, OTHER_SECRET)
    assert not services_of(server).clients.clients.is_secret_of(wiki, SECRET)
    printed = "".join(each.output + each.errors for each in outputs)
    recorded = "".join(each.details for each in events)
    for secret in (SECRET, OTHER_SECRET, SECRETS["COMPANY_SECRET"]):
        assert secret not in printed + recorded


async def test_a_secret_is_read_from_a_file_beside_the_file(
    server: Application, run: OnServer, tmp_path: Path
) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "wiki").write_text(f"{SECRET}\n")
    file = written(
        tmp_path / "files",
        """
        owner: infra
        clients:
          - client_id: wiki
            client_name: Wiki
            kind: service
            client_secret: {file: wiki}
        """,
    )

    applied = await run("apply", f"files/{file}")

    assert applied.code == 0, applied.errors
    token = await server.http.post(
        "/token", data={"grant_type": "client_credentials"}, auth=("wiki", SECRET)
    )
    assert token.status_code == 200


async def test_an_existing_object_keeps_its_secret_without_the_variable(
    server: Application, run: OnServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, FULL)
    await run("apply", file, **SECRETS)
    for name in SECRETS:
        monkeypatch.delenv(name)

    planned = await run("plan", file, "--detailed-exitcode")

    assert (planned.code, planned.output) == (0, "No changes.\n")


async def test_a_client_stays_disabled_unless_the_file_says_otherwise(
    run: OnServer, tmp_path: Path
) -> None:
    file = written(tmp_path, FULL)
    await run("apply", file, **SECRETS)
    await run("clients", "disable", "wiki")

    unsaid = await run("plan", file, "--detailed-exitcode")
    exported = await run("export")
    enabled = FULL.replace("    trust: verified", "    trust: verified\n    disabled: false")
    applied = await run("apply", written(tmp_path, enabled))
    client = json.loads((await run("clients", "show", "wiki", "--json")).output)

    assert (unsaid.code, unsaid.output) == (0, "No changes.\n")
    assert "  disabled: true\n" in exported.output
    assert applied.code == 0
    assert client["disabled"] is False


async def test_several_files_are_applied_together(run: OnServer, tmp_path: Path) -> None:
    groups = written(tmp_path, "owner: people\ngroups: [{name: A, roles: [b]}]\n", "groups.yaml")
    roles = written(tmp_path, "owner: apps\nroles: [{name: b}]\n", "roles.yaml")

    applied = await run("apply", groups, roles)
    alone = await run("plan", roles, "--detailed-exitcode")

    assert applied.code == 0, applied.errors
    assert (alone.code, alone.output) == (0, "No changes.\n")
