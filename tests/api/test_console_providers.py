"""Identity providers and their groups in the console."""

import html
import re
from typing import Any

import pytest
import pytest_asyncio

from app.models.federation.identity_providers import IdentityProvider
from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.support.account import FRESH_SECONDS
from tests.support.administration import add_provider, events_of, new_group
from tests.support.application import Application
from tests.support.console import administrator_in, form_fields, told
from tests.support.parts import services_of
from tests.support.visitor import Visitor

DATABASES = ("sqlite",)
PATH = "/admin/providers"
WORK = f"{PATH}/work"
SECRET = "a-secret-that-only-the-two-know"
SETTINGS = {
    "name": "work",
    "label": "Work account",
    "issuer": "https://login.example.com",
    "client_id": "postern",
    "scope": "openid profile email",
}


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> Application:
    return await start_app()


async def new_provider(app: Application, **settings: str) -> None:
    values = {**SETTINGS, **settings}
    await add_provider(services_of(app), values.pop("name"), secret=SECRET, **values)


async def stored(app: Application, name: str = "work") -> IdentityProvider:
    return await services_of(app).federation.identity_providers.get(name)


async def secret_of(app: Application) -> str | None:
    return services_of(app).federation.identity_providers.secret_of(await stored(app))


async def map_groups(app: Application, **mappings: list[str]) -> None:
    await services_of(app).federation.group_mappings.set(
        "work", groups_claim="groups", mappings=mappings, authority=FULL
    )


async def mappings_of(app: Application) -> list[tuple[str, str]]:
    rows = await services_of(app).federation.group_mappings.list_of("work")
    return [(row.claim_value, row.group_id) for row in rows]


async def test_a_provider_is_added_and_shows_what_to_register_but_no_secret(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    empty, form = await visitor.get(PATH), await visitor.get(f"{PATH}/+new")

    page = await visitor.submit(form, **SETTINGS, client_secret=SECRET)
    shown, listed = await visitor.follow(page), await visitor.get(PATH)

    assert "Identity providers appear here. Add one" in told(empty)
    assert "/login/with/NAME/callback" in told(form)
    assert 'value="openid profile email"' in form.text
    assert page.headers["location"] == f"{WORK}?done=created"
    assert await secret_of(app) == SECRET
    assert services_of(app).core.links.provider_callback("work") in told(shown)
    assert "Client secret Set" in told(shown)
    assert "Work account" in told(listed)
    assert SECRET not in page.text + shown.text + listed.text
    assert "Work account" in told(await visitor.get("/login", other="1"))


async def test_a_provider_without_label_and_secret_is_shown_by_its_name(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    form = await visitor.get(f"{PATH}/+new")

    page = await visitor.follow(await visitor.submit(form, **{**SETTINGS, "label": ""}))

    assert (await stored(app)).label == "work"
    assert await secret_of(app) is None
    assert "Client secret Not set" in told(page)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "Name must have 1 to 40 characters from a-z, 0-9 and -."),
        ("name", "Work", "Name must have 1 to 40 characters from a-z, 0-9 and -."),
        ("name", "taken", "A provider with this name already exists."),
        ("label", "x" * 101, "Text of the button must have 1 to 100 characters."),
        ("issuer", "http://login.example.com", "Issuer must be an https URL"),
        ("issuer", "https://login.example.com/?x=1", "Issuer must be an https URL"),
        ("issuer", "https://taken.example.com", "A provider with this issuer already exists."),
        ("client_id", "", "Client ID must have 1 to 300 characters."),
        ("client_secret", "x" * 1001, "Enter at most 1,000 characters."),
        ("scope", "profile", "Scopes must be names separated by spaces, including openid."),
    ],
)
async def test_a_value_that_is_not_allowed_is_reported_beside_its_field(
    app: Application, visitor: Visitor, field: str, value: str, message: str
) -> None:
    await new_provider(app, name="taken", issuer="https://taken.example.com")
    await administrator_in(visitor)
    form = await visitor.get(f"{PATH}/+new")

    page = await visitor.submit(form, **{**SETTINGS, "client_secret": SECRET, field: value})

    assert page.status_code in (400, 409, 422)
    assert f'id="{field}-error">{message}' in page.text
    assert SECRET not in page.text
    providers = await services_of(app).federation.identity_providers.list_all()
    assert [provider.name for provider in providers] == ["taken"]


async def test_an_edit_keeps_secret_and_issuer_and_a_stale_one_shows_the_difference(
    app: Application, visitor: Visitor
) -> None:
    await new_provider(app)
    await administrator_in(visitor)
    form = await visitor.get(f"{WORK}/edit")
    saved = await visitor.submit(form, label="Theirs")

    refused = await visitor.submit(form, label="Mine", issuer="https://evil.example.com")
    theirs = await stored(app)
    again = await visitor.submit(refused, label="Mine", issuer="https://evil.example.com")

    assert saved.headers["location"] == f"{WORK}?done=saved"
    assert refused.status_code == 409
    assert 'id="label-error">Changed in the meantime to: Theirs' in refused.text
    assert theirs.label == "Theirs"
    assert again.status_code == 303
    assert ((await stored(app)).label, (await stored(app)).issuer) == ("Mine", SETTINGS["issuer"])
    assert await secret_of(app) == SECRET


async def test_the_secret_is_replaced_and_removed_but_never_by_an_empty_field(
    app: Application, visitor: Visitor
) -> None:
    await new_provider(app)
    await administrator_in(visitor)
    path = f"{WORK}/secret"
    form = await visitor.get(path)

    empty = await visitor.submit(form)
    both = await visitor.submit(form, client_secret="another", no_secret="1")
    long = await visitor.submit(form, client_secret="x" * 1001)
    kept = await secret_of(app)
    await visitor.submit(form, client_secret="another secret")
    replaced = await secret_of(app)
    removed = await visitor.follow(await visitor.submit(await visitor.get(path), no_secret="1"))

    for page in (empty, both, long):
        assert 'id="client_secret-error">Enter a secret of 1 to 1,000 characters' in page.text
    assert SECRET not in form.text
    assert (kept, replaced, await secret_of(app)) == (SECRET, "another secret", None)
    assert "Client secret Not set" in told(removed)
    events = await events_of(app, "provider.changed")
    assert "another secret" not in str([event.details for event in events])


async def test_a_provider_is_disabled_enabled_and_deleted(
    app: Application, visitor: Visitor
) -> None:
    await new_provider(app)
    await administrator_in(visitor)
    stale = await visitor.get(f"{WORK}/delete")

    disabled = await visitor.follow(await visitor.submit(await visitor.get(f"{WORK}/disable")))
    was_disabled = (await stored(app)).is_disabled
    enabled = await visitor.follow(await visitor.submit(await visitor.get(f"{WORK}/enable")))
    is_disabled = (await stored(app)).is_disabled
    await visitor.submit(await visitor.get(f"{WORK}/edit"), label="Changed")
    refused = await visitor.submit(stale)
    deleted = await visitor.follow(await visitor.submit(await visitor.get(f"{WORK}/delete")))

    assert (was_disabled, is_disabled) == (True, False)
    assert f'href="{WORK}/enable"' in disabled.text
    assert f'href="{WORK}/disable"' in enabled.text
    assert refused.status_code == 409
    assert "Deleted." in told(deleted)
    assert (await visitor.get(WORK)).status_code == 404


async def test_a_group_of_the_provider_is_mapped_and_the_mapping_removed(
    app: Application, visitor: Visitor
) -> None:
    await new_provider(app)
    group, other = await new_group(app, name="Operators"), await new_group(app, name="Others")
    await administrator_in(visitor)
    first = await visitor.get(f"{WORK}/mappings/+new")

    shown = await visitor.follow(
        await visitor.submit(first, claim_value="ops & <more>", group="operators")
    )
    second = await visitor.get(f"{WORK}/mappings/+new")
    await visitor.submit(second, claim_value="ops & <more>", group="Others")
    both = await visitor.get(WORK)
    paths = re.findall(r'href="(/admin/providers/work/mappings/[0-9a-f]+)"', both.text)
    confirm = await visitor.get(html.unescape(paths[0]))
    removed = await visitor.follow(await visitor.submit(confirm))

    assert 'name="groups_claim"' in first.text
    assert 'name="groups_claim"' not in second.text
    assert (await stored(app)).groups_claim == "groups"
    assert "ops & <more> Operators Remove" in told(shown)
    assert len(paths) == 2
    assert "Remove this mapping?" in told(confirm)
    assert len(await mappings_of(app)) == 1
    assert (group.name in told(removed)) != (other.name in told(removed))
    assert (await visitor.get(paths[0])).status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("claim_value", "", "Enter 1 to 256 characters."),
        ("claim_value", "x" * 257, "Enter 1 to 256 characters."),
        ("group", "", "There is no group with that name."),
        ("group", "Nobody", "There is no group with that name."),
        ("groups_claim", "x" * 65, "Claim with the groups must have 1 to 64 characters."),
    ],
)
async def test_a_mapping_that_is_not_allowed_is_reported_beside_its_field(
    app: Application, visitor: Visitor, field: str, value: str, message: str
) -> None:
    await new_provider(app)
    await new_group(app, name="Operators")
    await administrator_in(visitor)
    form = await visitor.get(f"{WORK}/mappings/+new")

    page = await visitor.submit(form, **{"claim_value": "ops", "group": "Operators", field: value})

    assert page.status_code in (400, 422)
    assert f'id="{field}-error">{message}' in page.text
    assert await mappings_of(app) == []


async def test_no_provider_decides_who_is_in_a_group_of_administrators(
    app: Application, visitor: Visitor
) -> None:
    """SECURITY_BAR row 51"""
    await new_provider(app)
    group = await new_group(app, name="Operators")
    grants = services_of(app).accounts.role_grants
    await grants.grant_to_group("auditor", group.group_id, authority=FULL)
    await administrator_in(visitor)

    page = await visitor.submit(
        await visitor.get(f"{WORK}/mappings/+new"), claim_value="ops", group="Operators"
    )

    assert page.status_code == 409
    assert 'id="group-error">The group has an administrative role.' in page.text
    assert await mappings_of(app) == []


async def test_mappings_that_were_changed_meanwhile_are_not_overwritten(
    app: Application, visitor: Visitor
) -> None:
    await new_provider(app)
    group, other = await new_group(app, name="Operators"), await new_group(app, name="Others")
    await administrator_in(visitor)
    await map_groups(app, ops=[group.group_id])
    adding, claim = await visitor.get(f"{WORK}/mappings/+new"), await visitor.get(f"{WORK}/claim")
    await map_groups(app, ops=[group.group_id], night=[group.group_id])

    refused = await visitor.submit(adding, claim_value="more", group="Others")
    stale = await visitor.submit(claim, groups_claim="")
    kept = await mappings_of(app)
    await visitor.submit(refused)

    assert (refused.status_code, stale.status_code) == (409, 409)
    assert "Someone else changed this after you opened the page." in told(refused)
    assert kept == [("night", group.group_id), ("ops", group.group_id)]
    assert await mappings_of(app) == [("more", other.group_id), *kept]


async def test_without_a_claim_the_mapping_is_off_and_stays_to_be_turned_on(
    app: Application, visitor: Visitor
) -> None:
    await new_provider(app)
    group = await new_group(app, name="Operators")
    await map_groups(app, ops=[group.group_id])
    await administrator_in(visitor)

    off = await visitor.follow(
        await visitor.submit(await visitor.get(f"{WORK}/claim"), groups_claim="")
    )
    was = (await stored(app)).groups_claim
    await visitor.submit(await visitor.get(f"{WORK}/claim"), groups_claim="roles")

    assert was is None
    assert "Claim with the groups None" in told(off)
    assert (await stored(app)).groups_claim == "roles"
    assert await mappings_of(app) == [("ops", group.group_id)]


async def test_many_mappings_are_read_page_by_page(app: Application, visitor: Visitor) -> None:
    await new_provider(app)
    group = await new_group(app, name="Operators")
    await map_groups(app, **{f"value-{number:02}": [group.group_id] for number in range(52)})
    await administrator_in(visitor)

    part, first = await visitor.get(WORK), await visitor.get(f"{WORK}/mappings")
    next_url = re.search(r'href="([^"]+)" rel="next"', first.text)
    assert next_url is not None
    second = await visitor.get(html.unescape(next_url[1]))

    assert "value-09" in told(part)
    assert "value-10" not in told(part)
    assert f'href="{WORK}/mappings">Show all mappings' in part.text
    assert "value-49" in told(first)
    assert "value-50" not in told(first)
    assert "value-49" not in told(second)
    assert "value-50" in told(second)
    assert "value-51" in told(second)


async def test_an_auditor_reads_providers_without_being_offered_changes(
    app: Application, visitor: Visitor
) -> None:
    await new_provider(app)
    group = await new_group(app, name="Operators")
    await map_groups(app, ops=[group.group_id])
    await administrator_in(visitor, "auditor")

    for path in (PATH, WORK, f"{WORK}/mappings"):
        page = await visitor.get(path)
        assert page.status_code == 200
        for change in ("<form", "+new", "/edit", "/delete", "/secret", "/claim", "Remove"):
            assert change not in page.text, (path, change)
    assert "Operators" in told(await visitor.get(WORK))


CHANGES: dict[str, dict[str, Any]] = {
    "+new": {**SETTINGS, "name": "other", "issuer": "https://other.example.com"},
    "work/edit": {"label": "Mine", "client_id": "postern", "scope": "openid"},
    "work/secret": {"no_secret": "1"},
    "work/disable": {},
    "work/delete": {},
    "work/claim": {"groups_claim": "roles"},
    "work/mappings/+new": {"claim_value": "ops", "group": "Operators"},
}


@pytest.mark.parametrize("place", CHANGES)
async def test_every_change_needs_a_recent_sign_in(
    app: Application, visitor: Visitor, place: str
) -> None:
    """An identity provider decides who can sign in, and with which groups."""
    await new_provider(app)
    await new_group(app, name="Operators")
    await administrator_in(visitor)
    fields = {**await form_fields(visitor), "version": "1", **CHANGES[place]}
    before = await stored(app)
    app.clock.advance(seconds=FRESH_SECONDS)

    answer = await visitor.http.post(f"{PATH}/{place}", data=fields)

    assert answer.headers["location"].startswith("/login?next=admin%2Fproviders%2F")
    assert await stored(app) == before
    assert len(await services_of(app).federation.identity_providers.list_all()) == 1
