"""Rules about administrators, checked in the transaction of the change."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import insert

from app.database.database import Database
from app.errors import FullAdministratorRequiredError, LastAdministratorError
from app.models.accounts.attributes import UserAttributes
from app.models.accounts.groups import GroupMapping, group_members
from app.models.accounts.roles import ADMINISTRATOR, AUDITOR, Role
from app.models.accounts.users import User
from app.repositories.accounts.accounts import AccountRepository
from app.repositories.accounts.attributes import AttributeRepository
from app.repositories.accounts.group_mappings import GroupMappingRepository
from app.repositories.accounts.group_members import GroupMemberRepository
from app.repositories.accounts.groups import GroupRepository
from app.repositories.accounts.role_grants import RoleGrantRepository
from app.repositories.accounts.roles import RoleRepository
from app.repositories.accounts.users import UserRepository
from tests.repositories.conftest import NOW
from tests.repositories.people import (
    give,
    join,
    stored_group,
    stored_provider,
    stored_user,
    take,
)
from tests.support.events import new_event

Removal = Callable[[Database, User], Awaitable[object]]


async def administrators(database: Database) -> list[str]:
    grants = await RoleGrantRepository(database).list_of_role(ADMINISTRATOR)
    return [each.subject for each in grants]


async def delete(database: Database, user: User) -> object:
    return await AccountRepository(database).delete(
        user.user_id, is_full=True, now=NOW, events=[new_event()]
    )


async def disable(database: Database, user: User) -> object:
    return await UserRepository(database).credentials.set_disabled(
        user.user_id, NOW, is_full=True, now=NOW, event=new_event()
    )


async def revoke(database: Database, user: User) -> object:
    return await take(database, ADMINISTRATOR, user)


REMOVALS = pytest.mark.parametrize("remove", [delete, disable, revoke])


@REMOVALS
async def test_the_last_administrator_cannot_be_removed(
    database: Database, remove: Removal
) -> None:
    user = await stored_user(database)
    await give(database, ADMINISTRATOR, user)

    with pytest.raises(LastAdministratorError):
        await remove(database, user)

    found = await UserRepository(database).find(user.user_id)
    assert found is not None
    assert not found.is_disabled
    assert len(await administrators(database)) == 1


@REMOVALS
async def test_one_of_two_administrators_can_be_removed(
    database: Database, remove: Removal
) -> None:
    """Also if the other one has the role by a group"""
    first, second = await stored_user(database), await stored_user(database)
    await give(database, ADMINISTRATOR, first)
    await give(database, ADMINISTRATOR, await stored_group(database, second))

    assert await remove(database, first)

    with pytest.raises(LastAdministratorError):
        await disable(database, second)


@REMOVALS
async def test_a_disabled_administrator_does_not_count(database: Database, remove: Removal) -> None:
    first, second = await stored_user(database), await stored_user(database)
    for user in (first, second):
        await give(database, ADMINISTRATOR, user)
    await disable(database, second)

    with pytest.raises(LastAdministratorError):
        await remove(database, first)


async def test_an_administrators_group_keeps_its_role_and_its_last_member(
    database: Database,
) -> None:
    user = await stored_user(database)
    group = await stored_group(database, user)
    await give(database, ADMINISTRATOR, group)
    members = GroupMemberRepository(database)

    for change in (
        members.remove(group.group_id, user.user_id, is_full=True, event=new_event()),
        GroupRepository(database).delete(group, is_full=True, event=new_event()),
        take(database, ADMINISTRATOR, group),
    ):
        with pytest.raises(LastAdministratorError):
            await change

    assert await members.list_page(group.group_id)
    assert await administrators(database) == [f"group:{group.group_id}"]


async def test_of_two_administrators_who_remove_each_other_one_remains(
    database: Database,
) -> None:
    first, second = await stored_user(database), await stored_user(database)
    for user in (first, second):
        await give(database, ADMINISTRATOR, user)

    outcomes = await asyncio.gather(
        disable(database, first), delete(database, second), return_exceptions=True
    )

    assert sorted(isinstance(each, LastAdministratorError) for each in outcomes) == [False, True]


async def test_only_a_full_administrator_grants_or_revokes_a_reserved_role(
    database: Database,
) -> None:
    user = await stored_user(database)
    grants = RoleGrantRepository(database)

    for role_id in (ADMINISTRATOR, AUDITOR):
        with pytest.raises(FullAdministratorRequiredError):
            await give(database, role_id, user, is_full=False)
        assert await give(database, role_id, user) == "granted"
        with pytest.raises(FullAdministratorRequiredError):
            await grants.remove(role_id, f"user:{user.user_id}", is_full=False, event=new_event())


@pytest.mark.parametrize("role_id", [ADMINISTRATOR, AUDITOR])
async def test_only_a_full_administrator_changes_what_carries_a_reserved_role(
    database: Database, role_id: str
) -> None:
    holder, other = await stored_user(database), await stored_user(database)
    group, plain = await stored_group(database, holder), await stored_group(database)
    await give(database, ADMINISTRATOR, other)  # so that none is the last one
    await give(database, role_id, group)
    groups, members = GroupRepository(database), GroupMemberRepository(database)
    ordinary = Role("ordinary", "ordinary", "", "", "manual", 1, NOW)
    await RoleRepository(database).add(ordinary, event=new_event())
    stranger = await stored_user(database)
    values = UserAttributes(holder.user_id, "{}", "{}")

    for change in (
        groups.change(group, group, is_full=False, event=new_event()),
        groups.delete(group, is_full=False, event=new_event()),
        join(database, group, stranger, is_full=False),
        join(database, plain, holder, is_full=False),
        members.remove(group.group_id, holder.user_id, is_full=False, event=new_event()),
        give(database, "ordinary", holder, is_full=False),
        give(database, "ordinary", group, is_full=False),
        AttributeRepository(database).replace_of_user(
            values, values, is_full=False, event=new_event()
        ),
    ):
        with pytest.raises(FullAdministratorRequiredError):
            await change

    assert await join(database, plain, stranger, is_full=False) == "added"


async def test_no_mapping_of_an_identity_provider_leads_to_a_reserved_role(
    database: Database,
) -> None:
    """Neither a group with such a role is mapped, nor a mapped group given one"""
    administrative, mapped = await stored_group(database), await stored_group(database)
    await give(database, AUDITOR, administrative)
    mappings = GroupMappingRepository(database)
    await stored_provider(database, "p")

    def to(group_id: str) -> list[GroupMapping]:
        return [GroupMapping("p", "staff", group_id)]

    assert await replace(mappings, to(administrative.group_id)) == "administrative"
    assert await replace(mappings, to(mapped.group_id)) == "replaced"
    assert await give(database, AUDITOR, mapped) == "mapped"

    user = await stored_user(database)
    assert await replace(mappings, []) == "replaced"
    given = {"group_id": mapped.group_id, "user_id": user.user_id, "source": "provider:p"}
    await database.change(insert(group_members).values(**given, added_at=NOW))
    assert await give(database, AUDITOR, mapped) == "mapped"  # its members come from there
    assert await replace(mappings, []) == "replaced"
    assert await give(database, AUDITOR, mapped) == "granted"


async def replace(mappings: GroupMappingRepository, rows: list[GroupMapping]) -> str:
    return await mappings.replace("p", "groups", rows, event_of=lambda _: new_event())
