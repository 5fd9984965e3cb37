"""`postern roles …`: manage roles, and grant them to users and groups."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.base import with_services
from app.cli.bodies import parse_body
from app.cli.listing import first_rows, pages_of, print_pages
from app.cli.output import show_one
from app.cli.parameters import (
    AsJson,
    IsConfirmed,
    Limit,
    argument,
    option,
    require_confirmation,
)
from app.cli.parsing import Commands
from app.cli.subjects import group_named, label_of_subject, require_one_subject, role_named
from app.errors import InvalidInputError
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.accounts.roles import Role
    from app.wiring import Services

RoleName = Annotated[str, argument(metavar="NAME")]
OfClient = Annotated[
    str,
    option("--client", metavar="ID", help="The role of this client, instead of a global one."),
]
ToUser = Annotated[str | None, option("--user", metavar="USERNAME", help="A user.")]
ToGroup = Annotated[
    str | None, option("--group", metavar="NAME", help="A group, with all its members.")
]

cli = Commands("roles", help="Manage roles of users and groups.")


@cli.command("list")
def list_all(*, client: OfClient = "", limit: Limit = None, as_json: AsJson = False) -> None:
    """List roles."""

    async def pages(services: "Services") -> AsyncIterator[list[dict[str, Any]]]:
        roles, after = services.accounts.roles, ("", "")
        while page := await roles.list_page(after_client=after[0], after_name=after[1]):
            after = (page[-1].client_id, page[-1].name)
            yield [_row(role) for role in page if client in ("", role.client_id)]

    print_pages(first_rows(pages, limit), as_json=as_json)


@cli.command("show")
def show(name: RoleName, *, client: OfClient = "", as_json: AsJson = False) -> None:
    """Show a role, and the users and groups that have it."""

    async def read(services: "Services") -> dict[str, Any]:
        role = await role_named(services, name, client)
        return {**_row(role), "granted_to": await holders_of(services, role)}

    show_one(with_services(read), as_json=as_json)


@cli.command("create")
def create(
    name: RoleName,
    *,
    client: OfClient = "",
    description: Annotated[str, option("--description")] = "",
    as_json: AsJson = False,
) -> None:
    """Create a role, for all clients or for one."""
    values = {"name": name, "client_id": client, "description": description}

    async def add(services: "Services") -> dict[str, Any]:
        from app.schemas.groups import RoleBody

        body = parse_body(RoleBody, values)
        return _row(await services.accounts.roles.create(body, authority=FULL))

    show_one(with_services(add), as_json=as_json)


@cli.command("set")
def change(
    name: RoleName,
    *,
    client: OfClient = "",
    new_name: Annotated[
        str | None, option("--name", help="A new name. Users and groups keep the role.")
    ] = None,
    description: Annotated[str | None, option("--description")] = None,
    as_json: AsJson = False,
) -> None:
    """Rename or describe a role. It stays with its client."""
    if new_name is None and description is None:
        raise InvalidInputError("Nothing to set. See postern roles set --help.")

    async def store(services: "Services") -> dict[str, Any]:
        from app.schemas.groups import RoleBody

        role = await role_named(services, name, client)
        values = {
            "name": new_name if new_name is not None else role.name,
            "client_id": role.client_id,
            "description": description if description is not None else role.description,
        }
        changed = await services.accounts.roles.change(
            role.role_id, parse_body(RoleBody, values), version=role.version, authority=FULL
        )
        return _row(changed)

    show_one(with_services(store), as_json=as_json)


@cli.command("delete")
def delete(
    name: RoleName,
    *,
    client: OfClient = "",
    is_confirmed: IsConfirmed = False,
    as_json: AsJson = False,
) -> None:
    """Delete a role. All users and groups lose it."""
    require_confirmation("a role", is_confirmed=is_confirmed)

    async def remove(services: "Services") -> dict[str, Any]:
        role = await role_named(services, name, client)
        await services.accounts.roles.delete(role.role_id, version=role.version, authority=FULL)
        return {"deleted": role.name}

    show_one(with_services(remove), as_json=as_json)


@cli.command("grant")
def grant(
    name: RoleName,
    *,
    user: ToUser = None,
    group: ToGroup = None,
    client: OfClient = "",
    as_json: AsJson = False,
) -> None:
    """Grant a role to a user or a group."""
    _change_grant(name, user, group, client, is_grant=True, as_json=as_json)


@cli.command("revoke")
def revoke(
    name: RoleName,
    *,
    user: ToUser = None,
    group: ToGroup = None,
    client: OfClient = "",
    as_json: AsJson = False,
) -> None:
    """Revoke a role from a user or a group."""
    _change_grant(name, user, group, client, is_grant=False, as_json=as_json)


def _change_grant(
    name: str, user: str | None, group: str | None, client: str, *, is_grant: bool, as_json: bool
) -> None:
    require_one_subject(user, group)

    async def store(services: "Services") -> dict[str, Any]:
        role, grants = await role_named(services, name, client), services.accounts.role_grants
        if group is not None:
            group_id = (await group_named(services, group)).group_id
            act = grants.grant_to_group if is_grant else grants.revoke_from_group
            is_changed = await act(role.role_id, group_id, authority=FULL)
        else:
            user_id = (await services.accounts.users.get(user or "")).user_id
            of_user = grants.grant_to_user if is_grant else grants.revoke_from_user
            is_changed = await of_user(role.role_id, user_id, authority=FULL)
        return {"role": role.name, "granted" if is_grant else "revoked": is_changed}

    show_one(with_services(store), as_json=as_json)


async def holders_of(services: "Services", role: "Role") -> list[str]:
    """Return the users and groups that have a role, such as `user:ada` and `group:ops`."""
    holders = []
    async for page in pages_of(
        lambda after: services.accounts.role_grants.list_of_role(role.role_id, after=after),
        lambda each: each.subject,
    ):
        holders += [await label_of_subject(services, each.subject) for each in page]
    return holders


def _row(role: "Role") -> dict[str, Any]:
    return {
        "name": role.name,
        "client_id": role.client_id or None,
        "role_id": role.role_id,
        "description": role.description,
        "owner": role.owner,
        "created_at": role.created_at.isoformat(timespec="seconds"),
    }
