"""Groups that an identity provider gives: by an explicit table, and renewed at each sign-in."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from app.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from app.models.accounts.groups import Group
from app.models.accounts.roles import AUDITOR
from app.schemas.admin_scopes import AdminScope
from app.services.operations.authority import FULL, authority_of
from tests.support.account import happened, signed_in
from tests.support.administration import id_of, join, new_group, remove_provider
from tests.support.application import Application, TestUser
from tests.support.identity_provider import (
    Provider,
    account_made_by,
    linked_by,
    sent_to,
    signed_in_by,
)
from tests.support.parts import services_of
from tests.support.peer import Answer
from tests.support.visitor import Visitor, visiting

FACE = "\N{GRINNING FACE}"
"""A character of four bytes."""


async def map_groups(
    app: Application,
    provider: Provider,
    mappings: Mapping[str, Group],
    claim: str | None = "groups",
) -> None:
    await services_of(app).federation.group_mappings.set(
        provider.name,
        groups_claim=claim,
        mappings={value: [group.group_id] for value, group in mappings.items()},
        authority=FULL,
    )


async def groups_of(app: Application, user_id: str) -> set[str]:
    entitlements = await services_of(app).core.entitlements.of(user_id)
    return set(entitlements.group_names)


async def linked_user(
    app: Application, visitor: Visitor, provider: Provider, sub: str
) -> tuple[TestUser, str]:
    user = await app.enrolled_user()
    await signed_in(visitor, user)
    await linked_by(visitor, provider, sub=sub)
    return user, await id_of(app, user)


async def sign_in(app: Application, provider: Provider, sub: str, **claims: Any) -> None:
    async with visiting(app) as visitor:
        await signed_in_by(visitor, provider, sub=sub, **claims)


async def test_groups_are_renewed_at_each_sign_in(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    staff, guests, manual = [await new_group(app) for _ in range(3)]
    user, user_id = await linked_user(app, visitor, provider, "renewed")
    await join(app, manual, user)
    await map_groups(app, provider, {"S": staff, "G": guests})

    await sign_in(app, provider, "renewed", groups=["S", "unknown", 7])
    first = await groups_of(app, user_id)
    await sign_in(app, provider, "renewed", groups="G")
    second = await groups_of(app, user_id)
    await sign_in(app, provider, "renewed")
    third = await groups_of(app, user_id)

    assert first == {manual.name, staff.name}
    assert second == {manual.name, guests.name}
    assert third == {manual.name}
    action, details = (await happened(app, user_id))[-1]
    assert "user.groups_renewed" in {each for each, _ in await happened(app, user_id)}
    assert action
    assert isinstance(details, dict)


async def test_a_new_account_has_the_groups_of_its_first_sign_in(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    group = await new_group(app)
    await map_groups(app, provider, {"S": group})

    name = await account_made_by(visitor, provider, sub="first", groups=["S"])

    user = await services_of(app).accounts.users.get(name)
    assert await groups_of(app, user.user_id) == {group.name}


def cookie_bytes(visitor: Visitor) -> int:
    """Return the length of what a browser counts towards its limit: name and value."""
    return len("__Host-postern_upstream=" + visitor.http.cookies["postern_upstream"])


async def test_the_first_sign_in_gives_the_groups_that_fit_into_the_cookie(
    app: Application, visitor: Visitor, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    """The next one gives all of them."""
    group, last = await new_group(app), await new_group(app)
    values = [f"{number:02}-{FACE * 30}" for number in range(40)]
    await map_groups(app, provider, {**dict.fromkeys(values[:-1], group), values[-1]: last})
    name = app.new_name()

    page = await signed_in_by(visitor, provider, sub="many", groups=values)
    length = cookie_bytes(visitor)
    await visitor.follow(await visitor.submit(page, to="/login/new-here", username=name))
    user_id = (await services_of(app).accounts.users.get(name)).user_id
    first = await groups_of(app, user_id)
    await sign_in(app, provider, "many", groups=values)

    assert 3700 < length < 4000
    assert first == {group.name}
    assert await groups_of(app, user_id) == {group.name, last.name}
    (record,) = [each for each in caplog.records if "no room" in each.getMessage()]
    assert provider.name in record.getMessage()
    assert "of 40 groups" in record.getMessage()


async def test_long_texts_that_are_not_ascii_leave_room_in_the_cookie(
    app: Application, visitor: Visitor, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    group = await new_group(app)
    await map_groups(app, provider, {"S": group})
    name = app.new_name()
    email, full_name = f"{FACE * 240}@example.com", FACE * 200

    page = await signed_in_by(
        visitor, provider, sub="\u00e9" * 255, groups=["S"], email=email, name=full_name
    )
    length = cookie_bytes(visitor)
    home = await visitor.follow(await visitor.submit(page, to="/login/new-here", username=name))

    assert length < 4000
    assert email in page.text
    assert "Your account" in home.text
    user = await services_of(app).accounts.users.get(name)
    assert await groups_of(app, user.user_id) == {group.name}
    (record,) = [each for each in caplog.records if "no room" in each.getMessage()]
    assert "name" in record.getMessage()
    assert FACE not in record.getMessage()


async def test_without_a_mapping_nothing_is_given(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    """A group of the same name is not enough"""
    group = await new_group(app, name=app.new_name("Admins"))
    _, user_id = await linked_user(app, visitor, provider, "unmapped")

    await sign_in(app, provider, "unmapped", groups=[group.name])

    assert await groups_of(app, user_id) == set()


async def test_turning_the_mapping_off_or_removing_the_provider_ends_its_memberships(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    group = await new_group(app)
    _, user_id = await linked_user(app, visitor, provider, "ended")
    await map_groups(app, provider, {"S": group})
    await sign_in(app, provider, "ended", groups=["S"])

    await map_groups(app, provider, {"S": group}, claim=None)
    switched_off = await groups_of(app, user_id)
    await map_groups(app, provider, {"S": group})
    await sign_in(app, provider, "ended", groups=["S"])
    again = await groups_of(app, user_id)
    await remove_provider(app, provider.name)

    assert (switched_off, again) == (set(), {group.name})
    assert await groups_of(app, user_id) == set()


async def test_disconnecting_the_provider_ends_the_memberships_that_it_gave(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    group, manual = await new_group(app), await new_group(app)
    user, user_id = await linked_user(app, visitor, provider, "disconnected")
    await join(app, manual, user)
    await map_groups(app, provider, {"S": group})
    await sign_in(app, provider, "disconnected", groups=["S"])
    before = await groups_of(app, user_id)

    page = await visitor.get("/account/connections")
    await visitor.submit(page, to="/account/connections/unlink")

    assert before == {group.name, manual.name}
    assert await groups_of(app, user_id) == {manual.name}
    details = dict(await happened(app, user_id))["upstream.unlinked"]
    assert details == {"provider": provider.name, "ended_groups": [group.group_id]}


async def test_a_group_that_is_no_longer_mapped_loses_its_members_at_once(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    staff, guests = await new_group(app), await new_group(app)
    _, user_id = await linked_user(app, visitor, provider, "unmapped-later")
    await map_groups(app, provider, {"S": staff, "G": guests})
    await sign_in(app, provider, "unmapped-later", groups=["S", "G"])

    await map_groups(app, provider, {"S": staff})

    assert await groups_of(app, user_id) == {staff.name}
    event = [each async for each in services_of(app).core.audit.read_all()][-1]
    assert event.action == "provider.group_mappings_changed"
    assert json.loads(event.details)["ended_groups"] == [guests.group_id]


FAILURES = {
    "it fails": Answer("", 503, {}),
    "it is not JSON": Answer("<html>", 200, {}),
    "it is a list": Answer("[]", 200, {}),
    "it is about another user": Answer('{"sub": "other", "groups": ["S"]}', 200, {}),
}


@pytest.mark.parametrize("answer", FAILURES.values(), ids=FAILURES)
async def test_a_failing_userinfo_endpoint_does_not_end_memberships(
    app: Application, visitor: Visitor, provider: Provider, answer: Answer
) -> None:
    group = await new_group(app)
    _, user_id = await linked_user(app, visitor, provider, "failing")
    await map_groups(app, provider, {"S": group})
    await sign_in(app, provider, "failing", groups=["S"])

    async with visiting(app) as other:
        asked = await sent_to(other, provider)
        provider.knows(asked, sub="failing")
        provider.peer.answers["/userinfo"] = answer
        page = await other.http.get(provider.callback(asked))

    assert page.status_code == 502
    assert "The sign-in service isn&#39;t responding" in page.text
    assert await groups_of(app, user_id) == {group.name}


async def test_groups_in_the_id_token_do_not_depend_on_userinfo(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    group = await new_group(app)
    _, user_id = await linked_user(app, visitor, provider, "in-token")
    await map_groups(app, provider, {"S": group})

    async with visiting(app) as other:
        asked = await sent_to(other, provider)
        provider.knows(asked, sub="in-token", groups=["S"])
        provider.peer.answers["/userinfo"] = FAILURES["it fails"]
        page = await other.http.get(provider.callback(asked))

    assert page.status_code == 303
    assert await groups_of(app, user_id) == {group.name}


async def test_no_mapping_leads_to_a_group_with_an_administrative_role(
    app: Application, provider: Provider
) -> None:
    """SECURITY_BAR row 51"""
    grants = services_of(app).accounts.role_grants
    administrative, mapped = await new_group(app), await new_group(app)
    await grants.grant_to_group(AUDITOR, administrative.group_id, authority=FULL)

    with pytest.raises(ConflictError):
        await map_groups(app, provider, {"S": administrative})
    await map_groups(app, provider, {"S": mapped})
    with pytest.raises(ConflictError):
        await grants.grant_to_group(AUDITOR, mapped.group_id, authority=FULL)


async def test_a_membership_of_a_provider_is_not_removed_by_hand(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    group = await new_group(app)
    _, user_id = await linked_user(app, visitor, provider, "by-hand")
    await map_groups(app, provider, {"S": group})
    await sign_in(app, provider, "by-hand", groups=["S"])

    with pytest.raises(ConflictError):
        await services_of(app).accounts.groups.remove_member(
            group.group_id, user_id, authority=FULL
        )


async def test_mappings_are_checked(app: Application, provider: Provider) -> None:
    mappings, group = services_of(app).federation.group_mappings, await new_group(app)

    async def change(**values: Any) -> None:
        arguments = {"groups_claim": "groups", "mappings": {}, "authority": FULL, **values}
        await mappings.set(arguments.pop("provider", provider.name), **arguments)

    with pytest.raises(ForbiddenError):
        await change(authority=authority_of(set(AdminScope) - {AdminScope.ADMIN, _WRITE}))
    with pytest.raises(ForbiddenError):  # SECURITY_BAR row 51: nobody gives more than they hold
        await change(authority=authority_of({_WRITE}), mappings={"S": [group.group_id]})
    await change(authority=authority_of({_WRITE}))
    for wrong in ({"groups_claim": ""}, {"mappings": {"x" * 257: [group.group_id]}}):
        with pytest.raises(InvalidInputError):
            await change(**wrong)
    for unknown in ({"provider": "unknown"}, {"mappings": {"S": ["0" * 32]}}):
        with pytest.raises(NotFoundError):
            await change(**unknown)


_WRITE = AdminScope.PROVIDERS_WRITE
