"""Memberships that an identity provider gave end with the link and with the mapping."""

from collections.abc import Sequence

from app.database.database import Database
from app.models.accounts.groups import Group, GroupMapping
from app.models.accounts.users import User
from app.models.federation.identity_providers import LinkedIdentity
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.group_mappings import GroupMappingRepository
from app.repositories.accounts.group_members import GroupMemberRepository
from app.repositories.federation.identity_providers import IdentityProviderRepository
from tests.repositories.conftest import NOW
from tests.repositories.people import join, link, stored_group, stored_provider, stored_user
from tests.support.events import new_event


class Ended:
    """Builds the event of a change and keeps the groups whose memberships ended."""

    groups: Sequence[str] | None = None

    def __call__(self, groups: Sequence[str]) -> NewEvent:
        self.groups = groups
        return new_event()


async def map_groups(database: Database, name: str, *groups: Group) -> Sequence[str] | None:
    ended = Ended()
    rows = [GroupMapping(name, group.group_id, group.group_id) for group in groups]
    outcome = await GroupMappingRepository(database).replace(name, "groups", rows, event_of=ended)
    assert outcome == "replaced"
    return ended.groups


async def renew(database: Database, user: User, name: str, *groups: Group) -> bool:
    values = [group.group_id for group in groups]
    return await GroupMappingRepository(database).renew(
        user.user_id, name, values, now=NOW, event_of=lambda *_: new_event()
    )


async def unlink(database: Database, identity: LinkedIdentity) -> Sequence[str] | None:
    ended = Ended()
    outcome = await IdentityProviderRepository(database).unlink(
        identity.user_id,
        identity.issuer,
        identity.subject,
        except_session_id="",
        now=NOW,
        event_of=ended,
    )
    assert outcome == "unlinked"
    return ended.groups


async def memberships(database: Database, user: User) -> set[tuple[str, str]]:
    rows = await GroupMemberRepository(database).list_of_user(user.user_id)
    return {(group.group_id, membership.source) for group, membership in rows}


async def test_unlinking_ends_only_what_this_provider_gave_this_user(database: Database) -> None:
    user, other = await stored_user(database), await stored_user(database)
    staff, guests = await stored_group(database), await stored_group(database)
    await join(database, staff, user)
    for name in ("p", "q"):
        await stored_provider(database, name)
        await map_groups(database, name, staff, guests)
    identity = await link(database, user, "p")
    await link(database, user, "q")
    await link(database, other, "p")
    await renew(database, user, "p", staff, guests)
    await renew(database, user, "q", guests)
    await renew(database, other, "p", staff)

    ended = await unlink(database, identity)

    assert ended == sorted([staff.group_id, guests.group_id])
    assert await memberships(database, user) == {
        (staff.group_id, "manual"),
        (guests.group_id, "provider:q"),
    }
    assert await memberships(database, other) == {(staff.group_id, "provider:p")}


async def test_memberships_end_with_the_last_of_two_identities_at_a_provider(
    database: Database,
) -> None:
    user, staff = await stored_user(database), await stored_group(database)
    await stored_provider(database, "p")
    await map_groups(database, "p", staff)
    first, second = [await link(database, user, "p", subject=each) for each in ("1", "2")]
    await renew(database, user, "p", staff)

    assert await unlink(database, first) == []
    assert await memberships(database, user) == {(staff.group_id, "provider:p")}
    assert await unlink(database, second) == [staff.group_id]
    assert await memberships(database, user) == set()


async def test_a_sign_in_that_ends_after_unlinking_gives_no_groups(database: Database) -> None:
    user, staff = await stored_user(database), await stored_group(database)
    await stored_provider(database, "p")
    await map_groups(database, "p", staff)
    await unlink(database, await link(database, user, "p"))

    assert not await renew(database, user, "p", staff)
    assert await memberships(database, user) == set()


async def test_a_group_that_is_no_longer_mapped_loses_its_members_from_the_provider(
    database: Database,
) -> None:
    users = [await stored_user(database) for _ in range(3)]
    staff, guests = await stored_group(database), await stored_group(database)
    await join(database, guests, users[0])
    for name in ("p", "q"):
        await stored_provider(database, name)
        await map_groups(database, name, staff, guests)
        for user in users:
            await link(database, user, name)
            await renew(database, user, name, staff, guests)

    ended = await map_groups(database, "p", staff)

    assert ended == [guests.group_id]
    from_q = {(staff.group_id, "provider:q"), (guests.group_id, "provider:q")}
    expected = from_q | {(staff.group_id, "provider:p")}
    assert await memberships(database, users[0]) == expected | {(guests.group_id, "manual")}
    for user in users[1:]:
        assert await memberships(database, user) == expected
    assert await map_groups(database, "p", staff) == []


async def test_a_table_of_groups_replaces_only_the_version_that_it_was_made_for(
    database: Database,
) -> None:
    user, staff = await stored_user(database), await stored_group(database)
    await stored_provider(database, "p")
    await map_groups(database, "p", staff)  # this is another version
    await link(database, user, "p")
    await renew(database, user, "p", staff)
    mappings = GroupMappingRepository(database)

    old = await mappings.replace("p", None, [], version=1, event_of=lambda _: new_event())
    kept = await mappings.list_of("p"), await memberships(database, user)
    new = await mappings.replace("p", None, [], version=2, event_of=lambda _: new_event())

    assert (old, new) == ("stale", "replaced")
    assert [len(each) for each in kept] == [1, 1]
    assert await mappings.list_of("p") == []
    assert await memberships(database, user) == set()
