"""`postern providers …`: what an operator does, and what users see of it on the sign-in page."""

import json

import pytest

from app.services.operations.authority import FULL
from tests.cli.conftest import Postern, Result
from tests.support.administration import new_group
from tests.support.application import Application
from tests.support.parts import services_of
from tests.support.visitor import Visitor

DATABASES = ("sqlite",)
"""What is tested here is not in the database."""

SECRET = "a-secret-of-the-provider"


@pytest.fixture
def providers(app: Application, postern: Postern) -> Postern:
    """`postern providers …` on the database of the running application."""

    async def run(*arguments: str, typed: str = "", **variables: str) -> Result:
        return await postern(
            "providers",
            *arguments,
            typed=typed,
            **{"DATABASE_URL": app.settings.database_url, **variables},
        )

    return run


async def added(app: Application, providers: Postern, *options: str) -> str:
    """The name of a provider that was added by the command."""
    name = app.new_name("op")
    issuer = f"https://{name}.example"
    given = ("--issuer", issuer, "--client-id", "us", "--stdin", *options)
    result = await providers("add", name, *given, typed=f"{SECRET}\n")
    assert result.code == 0, result.errors
    return name


async def test_add_shows_a_provider_on_the_sign_in_page_and_prints_the_redirect_uri(
    app: Application, providers: Postern, visitor: Visitor
) -> None:
    name = app.new_name("op")

    result = await providers(
        "add", name, "--issuer", f"https://{name}.example/realm", "--client-id", "us",
        "--label", "The Company", "--stdin", typed=f"{SECRET}\n",
    )  # fmt: skip

    page = await visitor.get("/login")
    assert result.code == 0
    assert f"/login/with/{name}/callback" in result.output
    assert SECRET not in result.output
    assert "Continue with The Company" in page.text
    assert f'action="/login/with/{name}"' in page.text


async def test_the_client_secret_is_stored_sealed(app: Application, providers: Postern) -> None:
    """SECURITY_BAR row 20: what has to be read again is encrypted."""
    name = await added(app, providers)

    provider = await services_of(app).federation.identity_providers.get(name)

    assert provider.sealed_secret is not None
    assert SECRET.encode() not in provider.sealed_secret
    assert services_of(app).federation.identity_providers.secret_of(provider) == SECRET


async def test_a_public_client_has_no_secret(app: Application, providers: Postern) -> None:
    name = app.new_name("op")

    result = await providers(
        "add", name, "--json", "--issuer", f"https://{name}.example", "--client-id", "us",
        typed="\n",
    )  # fmt: skip

    assert json.loads(result.output)["has_secret"] is False
    assert (await services_of(app).federation.identity_providers.get(name)).sealed_secret is None


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--issuer", "http://op.example"),
        ("--issuer", "https://op.example/?a=b"),
        ("--issuer", "https://op.example/#a"),
        ("--issuer", "https://user@op.example"),
        ("--issuer", "https://"),
        ("--issuer", "ftp://op.example"),
        ("--issuer", "https://op.example:0"),
        ("--issuer", "https://op.example:port"),
        ("--issuer", "https://" + "x" * 300),
        ("--client-id", ""),
        ("--client-id", "x" * 301),
        ("--client-id", "a\nb"),
        ("--label", " "),
        ("--label", "x" * 101),
        ("--label", "a\x00b"),
        ("--scope", "profile email"),
        ("--scope", 'openid "'),
    ],
)
async def test_an_invalid_option_is_a_one_line_error(
    app: Application, providers: Postern, option: str, value: str
) -> None:
    name = app.new_name("op")
    options = {
        "--issuer": f"https://{name}.example",
        "--client-id": "us",
        option: value,
    }

    result = await providers("add", name, *[part for pair in options.items() for part in pair])

    assert result.code == 1
    assert result.errors.startswith("postern: ")
    assert result.errors.count("\n") == 1
    assert name not in (await providers("list", "--json")).output


@pytest.mark.parametrize("name", ["", "Op", "a b", "a/b", "x" * 41, "ü", "a\nb"])
async def test_a_provider_name_that_cannot_be_part_of_a_url_is_refused(
    providers: Postern, name: str
) -> None:
    result = await providers("add", name, "--issuer", "https://op.example", "--client-id", "us")

    assert result.code == 1
    assert "The name must have 1 to 40 characters from a-z, 0-9 and -." in result.errors


async def test_plain_http_is_allowed_only_for_localhost_in_development(
    app: Application, providers: Postern
) -> None:
    name = app.new_name("op")
    given = ("add", name, "--issuer", "http://localhost:5001", "--client-id", "us")

    refused = await providers(
        *given, APP_ENV="production", ISSUER="https://postern.example", MIGRATE_ON_START="false"
    )
    made = await providers(*given, APP_ENV="development")
    await providers("remove", name, "--yes")

    assert refused.code == 1
    assert "https" in refused.errors
    assert made.code == 0


async def test_provider_names_and_issuers_are_unique(app: Application, providers: Postern) -> None:
    name = await added(app, providers)

    same_name = await providers("add", name, "--issuer", "https://b.example", "--client-id", "us")
    same_issuer = await providers(
        "add", app.new_name("op"), "--issuer", f"https://{name}.example", "--client-id", "us"
    )

    assert (same_name.code, same_issuer.code) == (1, 1)
    assert "A provider with this name already exists." in same_name.errors
    assert "A provider with this issuer already exists." in same_issuer.errors


async def test_list_prints_everything_but_secrets(app: Application, providers: Postern) -> None:
    name = await added(app, providers, "--label", "The Company")

    table, as_json = await providers("list"), await providers("list", "--json")

    (row,) = [each for each in json.loads(as_json.output) if each["name"] == name]
    assert row == {
        "name": name,
        "label": "The Company",
        "issuer": f"https://{name}.example",
        "client_id": "us",
        "has_secret": True,
        "scope": "openid profile email",
        "linked": 0,
        "disabled": False,
        "owner": "manual",
        "redirect_uri": row["redirect_uri"],
    }
    assert name in table.output
    assert SECRET not in table.output + as_json.output


async def test_disable_hides_a_provider_and_enable_shows_it_again(
    app: Application, providers: Postern, visitor: Visitor
) -> None:
    name = await added(app, providers)

    disabled = await providers("disable", "--json", name)
    without = await visitor.get("/login")
    enabled = await providers("enable", "--json", name)
    shown = await visitor.get("/login")

    assert json.loads(disabled.output)["disabled"] is True
    assert name not in without.text
    assert json.loads(enabled.output)["disabled"] is False
    assert name in shown.text


async def test_remove_prints_the_number_of_linked_users_and_requires_confirmation(
    app: Application, providers: Postern
) -> None:
    name = await added(app, providers)
    await _link_somebody(app, name)

    asked = await providers("remove", name)
    kept = await providers("list", "--json")
    removed = await providers("remove", "--yes", "--json", name)

    assert asked.code == 1
    assert "Linked users who will no longer be able to sign in with it: 1\n" in asked.errors
    assert name in kept.output
    assert json.loads(removed.output) == {"removed": name, "linked": 1}
    assert name not in (await providers("list", "--json")).output
    assert name not in await services_of(app).federation.identity_providers.count_linked()


@pytest.mark.parametrize("action", ["disable", "enable", "remove"])
@pytest.mark.parametrize("name", ["nobody", "", "no such\nname"])
async def test_an_unknown_provider_is_a_one_line_error_with_exit_code_1(
    providers: Postern, action: str, name: str
) -> None:
    result = await providers(action, name)

    assert result.code == 1
    assert result.errors == "postern: There's no identity provider with that name.\n"


async def test_operator_actions_are_audited(app: Application, providers: Postern) -> None:
    name = await added(app, providers)
    for action in ("disable", "enable", "remove"):
        await providers(action, *(["--yes"] if action == "remove" else []), name)

    events = [each async for each in services_of(app).core.audit.read_all()]

    ours = [each for each in events if json.loads(each.details).get("provider") == name]
    assert [each.action for each in ours] == [
        "provider.added",
        "provider.disabled",
        "provider.enabled",
        "provider.removed",
    ]
    assert all(each.actor.startswith("operator:") for each in ours)
    assert all(SECRET not in each.details for each in ours)


async def _link_somebody(app: Application, name: str) -> None:
    from app.services.federation.identity_provider_rules import ExternalIdentity

    providers = services_of(app).federation.identity_providers
    provider = await providers.get(name)
    who = ExternalIdentity(provider=name, issuer=provider.issuer, subject="1", label="somebody")
    await providers.create_account(app.new_name(), who)


async def test_the_earlier_name_of_the_command_goes_on_working(
    app: Application, providers: Postern, postern: Postern
) -> None:
    name = await added(app, providers)

    result = await postern("upstream", "list", "--json", DATABASE_URL=app.settings.database_url)

    assert result.code == 0, result.errors
    assert name in result.output


async def test_set_changes_what_is_stated_and_keeps_the_rest(
    app: Application, providers: Postern, visitor: Visitor
) -> None:
    name = await added(app, providers, "--label", "The Company")

    labelled = await providers("set", name, "--label", "Work account", "--json")
    rotated = await providers("set", name, "--client-id", "them", "--stdin", typed="another\n")
    public = await providers("set", name, "--stdin", "--json", typed="\n")
    page = await visitor.get("/login")

    row = json.loads(labelled.output)
    assert (row["label"], row["client_id"], row["has_secret"]) == ("Work account", "us", True)
    assert rotated.code == 0, rotated.errors
    assert "another" not in rotated.output
    assert json.loads(public.output) == {**row, "client_id": "them", "has_secret": False}
    assert "Continue with Work account" in page.text


async def test_groups_of_a_provider_are_mapped_shown_and_turned_off(
    app: Application, providers: Postern
) -> None:
    name, group, other = await added(app, providers), await new_group(app), await new_group(app)

    first = await providers("map-group", name, "engineering", group.name, "--json")
    second = await providers(
        "map-group", name, "engineering", other.name, "--claim", "departments", "--json"
    )
    unmapped = await providers("unmap-group", name, "engineering", group.name, "--json")
    off = await providers("groups-claim", name, "--off", "--json")
    on = await providers("groups-claim", name, "roles", "--json")
    shown = await providers("show", name, "--json")

    def stated(result: Result) -> tuple[str | None, dict[str, list[str]]]:
        row = json.loads(result.output)
        return row["groups_claim"], {
            value: sorted(names) for value, names in row["group_mappings"].items()
        }

    both = sorted([group.name, other.name])
    assert stated(first) == ("groups", {"engineering": [group.name]})
    assert stated(second) == ("departments", {"engineering": both})
    assert stated(unmapped) == ("departments", {"engineering": [other.name]})
    assert stated(off) == (None, {"engineering": [other.name]})
    assert stated(on) == stated(shown) == ("roles", {"engineering": [other.name]})


async def test_a_provider_is_never_mapped_to_a_group_of_administrators(
    app: Application, providers: Postern
) -> None:
    """SECURITY_BAR row 51"""
    name, group = await added(app, providers), await new_group(app)
    grants = services_of(app).accounts.role_grants
    await grants.grant_to_group("administrator", group.group_id, authority=FULL)

    refused = await providers("map-group", name, "admins", group.name)

    assert (refused.code, refused.output) == (1, "")
    assert json.loads((await providers("show", name, "--json")).output)["group_mappings"] == {}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["set", "NAME"], "Nothing to set. See postern providers set --help."),
        (["set", "NAME", "--label", " "], "--label"),
        (["set", "nobody", "--label", "x"], "There's no identity provider"),
        (["map-group", "NAME", "x", "nobody"], "There is no group with that name."),
        (["groups-claim", "NAME"], "Use either CLAIM or --off."),
        (["groups-claim", "NAME", "groups", "--off"], "Use either CLAIM or --off."),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_mistake_in_a_change_is_a_one_line_error(
    app: Application, providers: Postern, arguments: list[str], line: str
) -> None:
    name = await added(app, providers)

    result = await providers(*(name if each == "NAME" else each for each in arguments))

    assert (result.code, result.output) == (1, "")
    assert line in result.errors
    assert result.errors.count("\n") == 1
