"""Owners of objects: a file changes and deletes what is its own, and the rest with --take-over."""

import asyncio
import json
from pathlib import Path

import pytest

from app.services.operations.authority import FULL as AUTHORITY
from app.wiring.desired_state import build_desired_state
from tests.cli.conftest import Postern
from tests.cli.desired import FULL, SECRETS, OnServer, number_of_events, on_server, written
from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.clock import FakeClock
from tests.support.parts import running_services, services_of

GROUPS = "owner: {owner}\ngroups:\n  - name: A\n    description: {text}\n"


@pytest.fixture
async def server(start_app: AppFactory) -> Application:
    return await start_app()


@pytest.fixture
def run(server: Application, postern: Postern) -> OnServer:
    return on_server(server, postern)


async def owner_of(server: Application, name: str) -> str | None:
    group = await services_of(server).accounts.groups.find_by_name(name)
    return group.owner if group is not None else None


@pytest.mark.parametrize("owner", ["manual", "other"])
async def test_an_object_of_another_owner_is_changed_only_if_it_is_taken_over(
    server: Application, run: OnServer, tmp_path: Path, owner: str
) -> None:
    if owner == "manual":
        await run("groups", "create", "A")
    else:
        await run("apply", written(tmp_path, GROUPS.format(owner=owner, text="theirs")))
    file = written(tmp_path, GROUPS.format(owner="infra", text="ours"))

    planned, refused = await run("plan", file), await run("apply", file)
    owner_before = await owner_of(server, "A")
    taken = await run("apply", file, "--take-over")

    assert (planned.code, refused.code) == (1, 1)
    expected = f"state.yaml:3: group A belongs to {owner}. Use --take-over to make it infra's."
    assert expected in planned.errors
    assert owner_before == owner
    assert taken.code == 0, taken.errors
    assert f"    owner: {owner} → infra\n" in taken.output
    assert await owner_of(server, "A") == "infra"


async def test_each_kind_can_be_taken_over(
    server: Application, run: OnServer, tmp_path: Path
) -> None:
    await run("attributes", "define", "color", "--type", "string")
    await run("scopes", "create", "read", "--description", "Read everything")
    await run("groups", "create", "A")
    await run("roles", "create", "r")
    await run("clients", "create", "App", "--kind", "device", "--client-id", "app")
    provider = ("--issuer", "https://p.example", "--client-id", "us", "--stdin")
    await run("providers", "add", "company", *provider, typed="secret\n")
    file = written(tmp_path, (await run("export", "--owner", "infra")).output)

    taken = await run("apply", file, "--take-over")
    again = await run("plan", file, "--detailed-exitcode", "--take-over")
    exported = await run("export", "--owner", "infra")

    assert taken.code == 0, taken.errors
    assert taken.output.count("    owner: manual → infra\n") == 6
    assert (again.code, again.output) == (0, "No changes.\n")
    assert exported.output == (tmp_path / file).read_text()


async def test_what_its_owner_no_longer_states_is_deleted(
    server: Application, run: OnServer, tmp_path: Path
) -> None:
    await run("groups", "create", "By hand")
    await run("apply", written(tmp_path, GROUPS.format(owner="infra", text="x")))
    await run("apply", written(tmp_path, "owner: other\ngroups: [{name: B}]\n", "other.yaml"))
    empty = written(tmp_path, "owner: infra\n")

    planned = await run("plan", empty)
    kept = await run("plan", empty, "--no-prune")
    unconfirmed = await run("apply", empty)
    owner_before = await owner_of(server, "A")
    applied = await run("apply", empty, "--yes")

    assert planned.output == "- group A\n0 to create, 0 to change, 1 to delete.\n"
    assert kept.output == "No changes.\n"
    assert unconfirmed.code == 1
    assert "Nothing was changed. Use --yes" in unconfirmed.errors
    assert owner_before == "infra"
    assert applied.code == 0, applied.errors
    owners = [await owner_of(server, name) for name in ("A", "B", "By hand")]
    assert owners == [None, "other", "manual"]


async def test_everything_of_an_owner_can_be_deleted(
    server: Application, run: OnServer, tmp_path: Path
) -> None:
    await run("apply", written(tmp_path, FULL), **SECRETS)

    applied = await run("apply", written(tmp_path, "owner: infra\n"), "--yes")
    exported = await run("export")
    again = await run("apply", written(tmp_path, FULL))

    assert applied.output.endswith("0 to create, 0 to change, 12 to delete.\nApplied.\n")
    assert exported.output == "owner: exported\n"
    assert again.code == 1  # the ids of clients stay taken
    assert "client wiki: That client ID is taken" in again.errors


async def test_the_last_administrator_is_not_deleted_with_a_group(
    server: Application, run: OnServer, tmp_path: Path
) -> None:
    """SECURITY_BAR row 57"""
    await run("apply", written(tmp_path, GROUPS.format(owner="infra", text="x")))
    user = await server.enrolled_user()
    await run("roles", "grant", "administrator", "--group", "A")
    await run("groups", "add-member", "A", user.username)

    applied = await run("apply", written(tmp_path, "owner: infra\n"), "--yes")
    changed = await run("apply", written(tmp_path, GROUPS.format(owner="infra", text="y")))
    shown = json.loads((await run("groups", "show", "A", "--json")).output)

    assert applied.code == 1
    assert "This is the last administrator." in applied.errors
    assert changed.code == 0
    assert (shown["description"], shown["roles"]) == ("y", ["administrator"])


async def test_a_provider_never_maps_to_a_group_of_administrators(
    run: OnServer, tmp_path: Path
) -> None:
    """SECURITY_BAR row 51"""
    await run("groups", "create", "A")
    await run("roles", "grant", "administrator", "--group", "A")
    provider = "name: company, issuer: https://p.example, client_id: us, groups_claim: g"
    file = written(
        tmp_path,
        f"owner: infra\nidentity_providers: [{{{provider}, group_mappings: {{x: [A]}}}}]\n",
    )

    planned = await run("plan", file)

    assert planned.code == 1
    assert "identity provider company: " in planned.errors


async def test_a_change_since_the_plan_is_refused(
    server: Application, run: OnServer, tmp_path: Path
) -> None:
    await run("apply", written(tmp_path, GROUPS.format(owner="infra", text="x")))
    desired = build_desired_state(services_of(server), {})
    path = tmp_path / written(tmp_path, GROUPS.format(owner="infra", text="y"))
    options = {"takes_over": False, "prunes": True, "authority": AUTHORITY}
    plan = await desired.planner.plan([path], **options)  # type: ignore[arg-type]
    await run("groups", "set", "A", "--description", "by hand")

    with pytest.raises(Exception, match="changed in the meantime"):
        await desired.applier.apply(plan, authority=AUTHORITY)

    group = await services_of(server).accounts.groups.find_by_name("A")
    assert group is not None
    assert group.description == "by hand"


async def test_of_concurrent_applies_each_stores_all_or_nothing(
    server: Application, tmp_path: Path
) -> None:
    """Each file states the same role and a group of its own."""

    async def apply(number: int) -> bool:
        text = f"owner: infra\nroles: [{{name: shared}}]\ngroups: [{{name: G{number}}}]\n"
        path = tmp_path / written(tmp_path, text, f"{number}.yaml")
        async with running_services(server.settings.database_url, FakeClock()) as services:
            desired = build_desired_state(services, {})
            plan = await desired.planner.plan(
                [path], takes_over=False, prunes=False, authority=AUTHORITY
            )
            await barrier.wait()
            try:
                await desired.applier.apply(plan, authority=AUTHORITY)
            except Exception:  # noqa: BLE001 - which one depends on the order
                return False
            return True

    barrier = asyncio.Barrier(4)
    outcomes = await asyncio.gather(*(apply(number) for number in range(4)))
    groups = await services_of(server).accounts.groups.list_page()

    assert outcomes.count(True) == 1
    assert [group.name for group in groups] == [f"G{outcomes.index(True)}"]
    assert await number_of_events(server) == 2
