"""Groups, roles, mappings and attributes, and the look-up of what a user is."""

import asyncio
from dataclasses import replace

from app.database.database import Database
from app.models.accounts.attributes import AttributeDefinition, UserAttributes
from app.models.accounts.groups import GroupMapping
from app.models.accounts.roles import GLOBAL, RESERVED_ROLES, Role
from app.repositories.accounts.accounts import AccountRepository
from app.repositories.accounts.attributes import AttributeRepository
from app.repositories.accounts.entitlements import FIELD, RECORD, EntitlementRepository
from app.repositories.accounts.group_mappings import GroupMappingRepository
from app.repositories.accounts.group_members import GroupMemberRepository
from app.repositories.accounts.groups import GroupRepository
from app.repositories.accounts.role_grants import RoleGrantRepository
from app.repositories.accounts.roles import RoleRepository
from app.repositories.clients.clients import ClientRepository
from app.security.tokens import new_identifier
from tests.repositories.conftest import NOW, new_client
from tests.repositories.people import (
    give,
    join,
    link,
    new_group,
    stored_group,
    stored_provider,
    stored_user,
)
from tests.support.events import new_event
from tests.support.parts import count


def new_role(name: str, client_id: str = GLOBAL) -> Role:
    return Role(new_identifier(), name, client_id, "", "manual", 1, NOW)


async def test_a_group_is_read_back_unchanged_and_its_name_is_unique(database: Database) -> None:
    groups = GroupRepository(database)
    group = new_group("Ätherwesen", attributes='{"a": 1}', second_factor="optional")

    assert await groups.add(group, event=new_event())

    assert await groups.find(group.group_id) == group
    assert await groups.find_by_name(group.name_key) == group
    assert await groups.list_page() == [group]
    assert not await groups.add(new_group("ÄTHERWESEN"), event=new_event())
    assert await groups.known_ids([group.group_id, "x"]) == {group.group_id}


async def test_of_two_changes_to_the_same_version_of_a_group_one_wins(database: Database) -> None:
    groups, group = GroupRepository(database), await stored_group(database)
    other = await stored_group(database, name="taken")

    outcomes = await asyncio.gather(
        *(
            groups.change(group, replace(group, description=text), is_full=False, event=new_event())
            for text in ("one", "two")
        )
    )

    assert sorted(outcomes) == ["changed", "stale"]
    current = await groups.find(group.group_id)
    assert current is not None
    assert current.version == 2
    taken = replace(current, name="TAKEN", name_key=other.name_key)
    assert await groups.change(current, taken, is_full=False, event=new_event()) == "taken"
    assert not await groups.delete(group, is_full=False, event=new_event())
    assert await groups.delete(current, is_full=False, event=new_event())


async def test_a_deleted_group_leaves_no_membership_mapping_or_grant(database: Database) -> None:
    user = await stored_user(database)
    group = await stored_group(database, user)
    role = new_role("reader")
    await RoleRepository(database).add(role, event=new_event())
    await give(database, role.role_id, group)

    await GroupRepository(database).delete(group, is_full=False, event=new_event())

    for table in ("group_members", "group_mappings", "role_grants"):
        assert await count(database, table) == 0


async def test_memberships_are_added_once_and_removed(database: Database) -> None:
    user, members = await stored_user(database), GroupMemberRepository(database)
    group = await stored_group(database)
    nobody, nowhere = user._replace(user_id="nobody"), replace(group, group_id="nowhere")

    assert await join(database, group, user) == "added"
    assert await join(database, group, user) == "present"
    assert await join(database, group, nobody) == "no_user"
    assert await join(database, nowhere, user) == "no_group"
    assert [group for group, _ in await members.list_of_user(user.user_id)] == [group]
    ids = (group.group_id, user.user_id)
    assert await members.remove(*ids, is_full=False, event=new_event()) == "removed"
    assert await members.remove(*ids, is_full=False, event=new_event()) == "absent"


async def test_members_are_listed_in_pages(database: Database) -> None:
    users = sorted([await stored_user(database) for _ in range(5)], key=lambda each: each.user_id)
    group = await stored_group(database, *users)
    members = GroupMemberRepository(database)

    first = await members.list_page(group.group_id, limit=3)
    second = await members.list_page(group.group_id, after=first[-1].user_id, limit=3)

    assert [each.user_id for each in (*first, *second)] == [each.user_id for each in users]


async def test_an_identity_provider_renews_only_the_memberships_that_it_gave(
    database: Database,
) -> None:
    user, mappings = await stored_user(database), GroupMappingRepository(database)
    staff, guests, manual = [await stored_group(database) for _ in range(3)]
    await join(database, manual, user)
    await join(database, staff, user)
    await stored_provider(database, "p")
    await link(database, user, "p")
    rows = [GroupMapping("p", "S", staff.group_id), GroupMapping("p", "G", guests.group_id)]
    await mappings.replace("p", "groups", rows, event_of=lambda _: new_event())
    told: list[tuple[list[str], list[str]]] = []

    async def renew(*values: str) -> bool:
        return await mappings.renew(
            user.user_id,
            "p",
            values,
            now=NOW,
            event_of=lambda before, after: told.append((list(before), list(after))) or new_event(),
        )

    async def memberships() -> set[tuple[str, str]]:
        rows = await GroupMemberRepository(database).list_of_user(user.user_id)
        return {(group.group_id, membership.source) for group, membership in rows}

    own = {(manual.group_id, "manual"), (staff.group_id, "manual")}
    assert await renew("S", "unknown")
    assert not await renew("S")
    assert await memberships() == own | {(staff.group_id, "provider:p")}
    assert await renew("G")
    assert await memberships() == own | {(guests.group_id, "provider:p")}
    assert await renew()
    assert await memberships() == own
    assert told[-1] == ([guests.group_id], [])
    assert await mappings.list_of("p") == sorted(rows, key=lambda each: each.claim_value)


async def test_every_database_has_the_reserved_roles(database: Database) -> None:
    listed = await RoleRepository(database).list_page()

    assert [each.role_id for each in listed] == list(RESERVED_ROLES)
    assert all(each.is_reserved and each.created_at.tzinfo is not None for each in listed)


async def test_a_role_name_is_unique_for_a_client_and_goes_with_it(database: Database) -> None:
    roles, clients = RoleRepository(database), ClientRepository(database)
    client, user = new_client(registration_expires_at=None), await stored_user(database)
    await clients.add(client, event=new_event())
    general, of_client = new_role("editor"), new_role("editor", client.client_id)

    assert await roles.add(general, event=new_event())
    assert await roles.add(of_client, event=new_event())
    assert await roles.add(new_role("editor"), event=new_event()) is False
    assert await roles.add(new_role("editor", "unknown"), event=new_event()) is None
    assert await roles.find_by_name("editor", client_id=client.client_id) == of_client
    for role in (general, of_client):
        await give(database, role.role_id, user)
    await clients.delete(client.client_id, now=NOW, event=new_event())

    held = await RoleGrantRepository(database).list_of_subject(f"user:{user.user_id}")
    assert held == [general]
    assert await roles.find(of_client.role_id) is None
    assert await count(database, "role_grants") == 1


async def test_the_look_up_returns_groups_roles_and_attributes_of_a_user(
    database: Database,
) -> None:
    user, other = await stored_user(database), await stored_user(database)
    group = await stored_group(database, user, name="Crew")
    await stored_group(database, other, name="Others")
    roles, attributes = RoleRepository(database), AttributeRepository(database)
    own, by_group, foreign = new_role("own"), new_role("by group"), new_role("foreign")
    for role, subject in ((own, user), (by_group, group), (foreign, other)):
        await roles.add(role, event=new_event())
        await give(database, role.role_id, subject)
    await attributes.add(
        AttributeDefinition("floor", "number", "users", "user", "", "manual", 1),
        event=new_event(),
    )
    empty = await attributes.find_of_user(user.user_id)
    values = UserAttributes(user.user_id, '{"a": 1}', '{"floor": 2}')
    assert await attributes.replace_of_user(empty, values, is_full=False, event=new_event())

    row = await EntitlementRepository(database).find(user.user_id)

    assert row is not None
    assert row.groups == FIELD.join((group.group_id, "Crew", "", "{}"))
    assert row.roles == FIELD.join(("", "own"))
    assert row.group_roles == FIELD.join(("", "by group"))
    assert (row.attributes, row.own_attributes) == ('{"a": 1}', '{"floor": 2}')
    assert row.definitions == FIELD.join(("floor", "number", "users", "user"))
    assert RECORD not in row.groups


async def test_the_look_up_of_a_user_without_anything_is_empty(database: Database) -> None:
    user = await stored_user(database)

    row = await EntitlementRepository(database).find(user.user_id)

    assert row == (None,) * 5 + (user.email_key, None)
    assert await EntitlementRepository(database).find("nobody") is None


async def test_attributes_are_replaced_only_as_they_were_read(database: Database) -> None:
    user, attributes = await stored_user(database), AttributeRepository(database)
    empty = await attributes.find_of_user(user.user_id)
    full = replace(empty, attributes='{"a": 1}')
    nobody = replace(empty, user_id="nobody")

    assert await attributes.replace_of_user(empty, full, is_full=False, event=new_event())
    assert not await attributes.replace_of_user(empty, full, is_full=False, event=new_event())
    assert not await attributes.replace_of_user(nobody, nobody, is_full=False, event=new_event())
    assert await attributes.find_of_user(user.user_id) == full


async def test_definitions_are_read_back_and_changed_by_version(database: Database) -> None:
    attributes = AttributeRepository(database)
    first = AttributeDefinition("floor", "number", "users", "user", "", "manual", 1)
    second = replace(first, editable_by="administrator", version=2)

    assert await attributes.add(first, event=new_event())
    assert not await attributes.add(first, event=new_event())
    assert await attributes.change(first, second, event=new_event())
    assert not await attributes.change(first, second, event=new_event())
    assert await attributes.list_all() == [second]
    assert not await attributes.delete(first, event=new_event())
    assert await attributes.delete(second, event=new_event())


async def test_a_deleted_user_leaves_no_membership_grant_value_or_word(
    database: Database,
) -> None:
    user = await stored_user(database, search_words="ada lovelace")
    await stored_group(database, user)
    role = new_role("reader")
    await RoleRepository(database).add(role, event=new_event())
    await give(database, role.role_id, user)
    values = UserAttributes(user.user_id, "{}", "{}")
    await AttributeRepository(database).replace_of_user(
        values, values, is_full=False, event=new_event()
    )

    await AccountRepository(database).delete(
        user.user_id, is_full=True, now=NOW, events=[new_event()]
    )

    for table in (
        "group_members", "role_grants", "user_attributes", "user_search", "user_activity",
    ):  # fmt: skip
        assert await count(database, table) == 0, table
