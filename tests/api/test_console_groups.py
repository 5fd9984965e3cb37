"""Groups, roles and attributes in the console."""

import json

import httpx
import pytest_asyncio

from app.schemas.groups import GroupBody
from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.support.administration import define, id_of, join, new_group, new_role
from tests.support.application import Application
from tests.support.console import administrator_in
from tests.support.parts import services_of
from tests.support.visitor import Visitor, text_of

DATABASES = ("sqlite",)
"""What is tested here is not in the database."""
PATH = "/admin/groups"


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> Application:
    """An application with a database of its own, in which lists are short."""
    return await start_app()


def told(page: httpx.Response) -> str:
    return " ".join(text_of(page).split())


async def test_an_administrator_creates_a_group_and_sees_it_in_the_list(visitor: Visitor) -> None:
    await administrator_in(visitor)

    page = await visitor.submit(
        await visitor.get(f"{PATH}/+new"), name="Operators", description="On call"
    )
    shown, listed = await visitor.follow(page), await visitor.get(PATH)

    assert "Created." in told(shown)
    assert "Operators" in told(shown)
    assert "On call" in told(listed)
    assert f'href="{shown.url.path}"' in listed.text


async def test_a_group_has_a_policy_of_its_own_for_the_second_factor(
    app: Application, visitor: Visitor
) -> None:
    group = await new_group(app)
    await administrator_in(visitor)
    form = await visitor.get(f"{PATH}/{group.group_id}/edit")

    wrong = await visitor.submit(form, name=group.name, second_factor="never")
    shown = await visitor.follow(
        await visitor.submit(form, name=group.name, second_factor="passkey_first")
    )
    again = await visitor.get(f"{PATH}/{group.group_id}/edit")

    assert wrong.status_code == 400
    assert "Required, and a passkey is offered first" in told(shown)
    assert 'value="passkey_first" selected' in again.text


async def test_a_name_that_is_taken_is_reported_beside_its_field(
    app: Application, visitor: Visitor
) -> None:
    await new_group(app, name="Operators")
    await administrator_in(visitor)

    page = await visitor.submit(
        await visitor.get(f"{PATH}/+new"), name="operators", description="On call"
    )

    assert page.status_code == 409
    assert 'id="name-error">That group name is taken.' in page.text
    assert 'value="operators"' in page.text
    assert 'value="On call"' in page.text


async def test_a_value_that_is_not_allowed_is_reported_beside_its_field(visitor: Visitor) -> None:
    await administrator_in(visitor)

    page = await visitor.submit(await visitor.get(f"{PATH}/+new"), name="x", description="y" * 1001)

    assert page.status_code == 400
    assert 'id="description-error">Enter at most 1,000 characters.' in page.text


async def test_a_form_of_an_outdated_version_overwrites_nothing_and_shows_the_difference(
    app: Application, visitor: Visitor
) -> None:
    group = await new_group(app, name="Operators")
    await administrator_in(visitor)
    form = await visitor.get(f"{PATH}/{group.group_id}/edit")
    groups = services_of(app).accounts.groups
    body = GroupBody(name="Night shift", description="At night")
    await groups.change(group.group_id, body, authority=FULL)

    refused = await visitor.submit(form, name="Day shift", description="")
    saved = await visitor.submit(refused, name="Day shift", description="By day")

    assert refused.status_code == 409
    assert "Someone else changed this after you opened the page." in told(refused)
    assert "Changed in the meantime to: Night shift" in told(refused)
    assert 'value="Day shift"' in refused.text
    assert saved.headers["location"] == f"{PATH}/{group.group_id}?done=saved"
    assert (await groups.get(group.group_id)).description == "By day"


async def test_a_group_that_was_changed_meanwhile_is_not_deleted(
    app: Application, visitor: Visitor
) -> None:
    group = await new_group(app, name="Operators")
    await administrator_in(visitor)
    form = await visitor.get(f"{PATH}/{group.group_id}/delete")
    groups = services_of(app).accounts.groups
    await groups.change(group.group_id, GroupBody(name="Night shift"), authority=FULL)

    refused = await visitor.submit(form)
    assert (await groups.get(group.group_id)).name == "Night shift"
    deleted = await visitor.follow(await visitor.submit(refused))

    assert refused.status_code == 409
    assert deleted.url.path == PATH
    assert "Night shift" not in told(deleted)


async def test_members_are_added_by_name_found_and_removed(
    app: Application, visitor: Visitor
) -> None:
    member, group = await app.enrolled_user(), await new_group(app)
    await administrator_in(visitor)
    form = await visitor.get(f"{PATH}/{group.group_id}/members/+new")

    unknown = await visitor.submit(form, username="nobody")
    added = await visitor.follow(await visitor.submit(form, username=member.username))
    found = await visitor.get(f"{PATH}/{group.group_id}/members", search=member.username)
    missing = await visitor.get(f"{PATH}/{group.group_id}/members", search="someone")
    user_id = await id_of(app, member)
    confirm = await visitor.get(f"{PATH}/{group.group_id}/members/{user_id}")
    removed = await visitor.follow(await visitor.submit(confirm))

    assert 'id="username-error">There is no user with that name.' in unknown.text
    assert member.username in told(added)
    assert member.username in told(found)
    assert member.username not in told(missing)
    assert member.username not in told(removed)


async def test_long_lists_are_read_page_by_page(app: Application, visitor: Visitor) -> None:
    for number in range(51):
        await new_group(app, name=f"Group {number:03}")
    await administrator_in(visitor)

    first = await visitor.get(PATH)
    second = await visitor.get(f"{PATH}?after=group+049")

    assert 'href="/admin/groups?after=group+049" rel="next"' in first.text
    assert "Group 050" not in told(first)
    assert "Group 050" in told(second)
    assert 'href="/admin/groups">First page' in second.text
    assert 'rel="next"' not in second.text


async def test_a_role_is_granted_to_a_group_and_taken_away(
    app: Application, visitor: Visitor
) -> None:
    group, role = await new_group(app), await new_role(app, name="editor")
    await administrator_in(visitor)

    form = await visitor.get(f"{PATH}/{group.group_id}/roles")
    granted = await visitor.follow(await visitor.submit(form, role_id=role.role_id))
    confirm = await visitor.get(f"{PATH}/{group.group_id}/roles/{role.role_id}")
    revoked = await visitor.follow(await visitor.submit(confirm))

    assert "editor" in told(granted)
    assert f"{group.name} loses what apps allow with this role." in told(confirm)
    assert "This group has no roles." in told(revoked)


async def test_a_role_is_granted_by_name_on_its_own_page(
    app: Application, visitor: Visitor
) -> None:
    user, group = await app.enrolled_user(), await new_group(app)
    role = await new_role(app, name="editor")
    await administrator_in(visitor)
    form = await visitor.get(f"/admin/roles/{role.role_id}/holders/+new")

    unknown = await visitor.submit(form, kind="group", name="nothing")
    await visitor.submit(form, kind="group", name=group.name.upper())
    shown = await visitor.follow(await visitor.submit(form, kind="user", name=user.username))

    assert 'id="name-error">There is no group with that name.' in unknown.text
    assert group.name in told(shown)
    assert user.username in told(shown)


async def test_the_last_administrator_keeps_the_role_and_is_told_why(
    app: Application, visitor: Visitor
) -> None:
    user = await administrator_in(visitor)
    group = await new_group(app)
    await join(app, group, user)
    grants = services_of(app).accounts.role_grants
    await grants.grant_to_group("administrator", group.group_id, authority=FULL)
    await grants.revoke_from_user("administrator", await id_of(app, user), authority=FULL)

    answers = [
        await visitor.submit(await visitor.get(f"{PATH}/{group.group_id}/{place}"))
        for place in ("roles/administrator", "delete", f"members/{await id_of(app, user)}")
    ]

    for answer in answers:
        assert answer.status_code == 409
        assert "This is the last administrator." in told(answer)
    assert (await visitor.get("/admin")).status_code == 200


async def test_reserved_roles_offer_no_change_and_refuse_one(visitor: Visitor) -> None:
    await administrator_in(visitor)

    page = await visitor.get("/admin/roles/auditor")
    refused = await visitor.submit(await visitor.get("/admin/roles/auditor/edit"), name="reader")
    new = await visitor.submit(await visitor.get("/admin/roles/+new"), name="auditor")

    assert "/admin/roles/auditor/edit" not in page.text
    assert "This role always exists and can't be changed." in told(refused)
    assert 'id="name-error">administrator and auditor are reserved names.' in new.text


async def test_a_role_of_a_client_that_does_not_exist_is_refused_beside_its_field(
    visitor: Visitor,
) -> None:
    await administrator_in(visitor)

    page = await visitor.submit(
        await visitor.get("/admin/roles/+new"), name="editor", client_id="missing"
    )

    assert 'id="client_id-error">There is no client with that ID.' in page.text


async def test_attributes_are_defined_and_set_with_their_types(
    app: Application, visitor: Visitor
) -> None:
    group = await new_group(app)
    await administrator_in(visitor)
    form = await visitor.get("/admin/attributes/+new")
    defined = {"name": "floor", "type": "number", "applies_to": "both", "editable_by": "user"}

    wrong = await visitor.submit(form, **{**defined, "name": "Floor!"})
    shown = await visitor.follow(await visitor.submit(form, **defined))
    setting = await visitor.get(f"{PATH}/{group.group_id}/attributes")
    text = await visitor.submit(setting, name="floor", value="third")
    await visitor.submit(setting, name="floor", value="3")

    stored = await services_of(app).accounts.groups.get(group.group_id)
    assert 'id="name-error">Enter a letter from a to z' in wrong.text
    assert "Users, for themselves" in told(shown)
    assert 'id="value-error">Enter a number.' in text.text
    assert json.loads(stored.attributes) == {"floor": 3}

    again = await visitor.get(f"{PATH}/{group.group_id}/attributes")
    await visitor.submit(again, name="floor", value="")
    stored = await services_of(app).accounts.groups.get(group.group_id)
    assert json.loads(stored.attributes) == {}


async def test_a_definition_that_was_changed_meanwhile_is_shown_again(
    app: Application, visitor: Visitor
) -> None:
    await define(app, "floor", "number")
    await administrator_in(visitor)
    form = await visitor.get("/admin/attributes/floor/edit")
    await visitor.submit(form, applies_to="groups", editable_by="user", description="")

    refused = await visitor.submit(form, applies_to="both", editable_by="user", description="")

    assert refused.status_code == 409
    assert "Changed in the meantime to: groups" in told(refused)


async def test_what_does_not_exist_is_a_page_that_says_so(visitor: Visitor) -> None:
    await administrator_in(visitor)

    for path in (f"{PATH}/missing", "/admin/roles/missing", "/admin/attributes/missing"):
        page = await visitor.get(path)
        assert page.status_code == 404
        assert "There is no" in told(page)
