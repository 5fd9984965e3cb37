"""Users, groups and roles that a command names."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from app.cli.base import with_services
from app.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from app.models.accounts.groups import Group
    from app.models.accounts.roles import Role
    from app.models.accounts.users import User
    from app.wiring import Services

Result = TypeVar("Result")


def with_user(username: str, act: Callable[["Services", "User"], Awaitable[Result]]) -> Result:
    """Run `act` on the user of this name; raise `NotFoundError` if there is none."""

    async def run(services: "Services") -> Result:
        return await act(services, await services.accounts.users.get(username))

    return with_services(run)


async def group_named(services: "Services", name: str) -> "Group":
    group = await services.accounts.groups.find_by_name(name)
    if group is None:
        raise NotFoundError("There is no group with that name.")
    return group


async def role_named(services: "Services", name: str, client: str) -> "Role":
    """Return the global role of this name, or that of a client."""
    role = await services.accounts.roles.find_by_name(name, client_id=client)
    if role is None:
        of = "of that client" if client else "that is global"
        raise NotFoundError(f"There is no role with that name {of}.")
    return role


def label_of_role(role: "Role") -> str:
    """Return the name of a role, after the ID of its client if it has one."""
    return f"{role.client_id}:{role.name}" if role.client_id else role.name


async def label_of_subject(services: "Services", subject: str) -> str:
    """Return the username or the name of a group for `user:ID` or `group:ID`."""
    kind, _, identifier = subject.partition(":")
    if kind == "user":
        user = await services.accounts.users.find(identifier)
        return f"user:{user.username}" if user is not None else subject
    group = await services.accounts.groups.get(identifier)
    return f"group:{group.name}"


def require_one_subject(user: str | None, group: str | None) -> None:
    if (user is None) == (group is None):
        raise InvalidInputError("Use either --user or --group.")
