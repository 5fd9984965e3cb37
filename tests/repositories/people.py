"""Users, groups and grants for tests below HTTP."""

from app.database.database import Database
from app.models.accounts.groups import MANUAL, Group
from app.models.accounts.roles import RoleGrant, group_subject, user_subject
from app.models.accounts.users import User
from app.models.federation.identity_providers import IdentityProvider, LinkedIdentity
from app.repositories.accounts.group_members import GroupMemberRepository
from app.repositories.accounts.groups import GroupRepository
from app.repositories.accounts.role_grants import RoleGrantRepository
from app.repositories.accounts.users import UserRepository
from app.repositories.federation.identity_providers import IdentityProviderRepository
from app.security.tokens import new_identifier
from tests.repositories.conftest import NOW, new_user
from tests.support.events import new_event


async def stored_user(database: Database, **values: object) -> User:
    user = new_user(**{"user_id": new_identifier(), "search_words": "", **values})
    assert await UserRepository(database).add(user, is_full=True, event=new_event())
    return user


def new_group(name: str = "", **values: object) -> Group:
    group_id = new_identifier()
    return Group(
        **{
            "group_id": group_id,
            "name": name or group_id,
            "name_key": (name or group_id).casefold(),
            "description": "",
            "attributes": "{}",
            "second_factor": None,
            "owner": MANUAL,
            "version": 1,
            "created_at": NOW,
            **values,  # type: ignore[arg-type]
        }
    )


async def stored_group(database: Database, *members: User, name: str = "") -> Group:
    group = new_group(name)
    assert await GroupRepository(database).add(group, event=new_event())
    for user in members:
        await join(database, group, user)
    return group


async def join(database: Database, group: Group, user: User, *, is_full: bool = True) -> str:
    return await GroupMemberRepository(database).add(
        group.group_id,
        user.user_id,
        is_full=is_full,
        now=NOW,
        event=new_event(),
        withdrawal=new_event(),
    )


async def give(database: Database, role_id: str, to: User | Group, *, is_full: bool = True) -> str:
    subject = user_subject(to.user_id) if isinstance(to, User) else group_subject(to.group_id)
    return await RoleGrantRepository(database).add(
        RoleGrant(role_id, subject, NOW),
        is_full=is_full,
        event=new_event(),
        withdrawal=new_event(),
    )


async def take(database: Database, role_id: str, of: User | Group) -> bool:
    subject = user_subject(of.user_id) if isinstance(of, User) else group_subject(of.group_id)
    return await RoleGrantRepository(database).remove(
        role_id, subject, is_full=True, event=new_event()
    )


async def stored_provider(database: Database, name: str) -> None:
    provider = IdentityProvider(name, name, f"https://{name}.example", "c", None, "", NOW, None)
    await IdentityProviderRepository(database).add(provider, event=new_event())


async def link(database: Database, user: User, name: str, *, subject: str = "") -> LinkedIdentity:
    subject = subject or user.user_id
    identity = LinkedIdentity(f"https://{name}.example", subject, name, user.user_id, "", NOW, None)
    assert await IdentityProviderRepository(database).link(identity, user, event=new_event())
    return identity
