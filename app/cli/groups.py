"""`postern groups …`: manage groups of users."""

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any, get_args

from app.cli.attribute_values import pairs_of, typed_values
from app.cli.base import with_services
from app.cli.bodies import parse_body
from app.cli.listing import Pages, first_rows, pages_of, print_pages
from app.cli.output import show_one
from app.cli.parameters import (
    AsJson,
    IsConfirmed,
    Limit,
    argument,
    one_of,
    option,
    require_confirmation,
)
from app.cli.parsing import Commands
from app.cli.subjects import group_named, label_of_role
from app.errors import InvalidInputError
from app.schemas.client_policies import SecondFactorPolicy
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.accounts.groups import Group
    from app.wiring import Services

POLICIES = get_args(SecondFactorPolicy)

GroupName = Annotated[str, argument(metavar="NAME")]
Username = Annotated[str, argument()]
Attributes = Annotated[
    list[str] | None,
    option("--attribute", metavar="NAME=VALUE", help="Set a defined attribute. Can be repeated."),
]

SecondFactor = Annotated[
    str | None,
    option(
        "--second-factor",
        **one_of(POLICIES),
        help="The policy of the members, instead of SECOND_FACTOR.",
    ),
]

cli = Commands("groups", help="Manage groups of users.")


@cli.command("list")
def list_all(
    *,
    search: Annotated[
        str, option("--search", help="Only groups whose name begins like this, in any case.")
    ] = "",
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List groups."""
    print_pages(first_rows(_pages(search), limit), as_json=as_json)


@cli.command("show")
def show(name: GroupName, *, as_json: AsJson = False) -> None:
    """Show a group and its roles."""

    async def read(services: "Services") -> dict[str, Any]:
        group = await group_named(services, name)
        roles = await services.accounts.role_grants.roles_of_group(group.group_id)
        return {**_row(group), "roles": [label_of_role(role) for role in roles]}

    show_one(with_services(read), as_json=as_json)


@cli.command("create")
def create(
    name: GroupName,
    *,
    description: Annotated[str, option("--description")] = "",
    second_factor: SecondFactor = None,
    attribute: Attributes = None,
    as_json: AsJson = False,
) -> None:
    """Create a group."""
    texts = pairs_of(attribute, option="--attribute")

    async def add(services: "Services") -> dict[str, Any]:
        from app.schemas.groups import GroupBody

        values = {
            "name": name,
            "description": description,
            "second_factor": second_factor,
            "attributes": await typed_values(services, texts),
        }
        body = parse_body(GroupBody, values)
        return _row(await services.accounts.groups.create(body, authority=FULL))

    show_one(with_services(add), as_json=as_json)


@cli.command("set")
def change(
    name: GroupName,
    *,
    new_name: Annotated[str | None, option("--name", help="A new name.")] = None,
    description: Annotated[str | None, option("--description")] = None,
    second_factor: SecondFactor = None,
    attribute: Attributes = None,
    unset_attribute: Annotated[
        list[str] | None,
        option("--unset-attribute", metavar="NAME", help="Remove a value. Can be repeated."),
    ] = None,
    reset: Annotated[
        str | None,
        option(
            "--reset",
            **one_of(("second_factor",)),
            metavar="POLICY",
            help="Return a policy to the general rule.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change a group."""
    texts = pairs_of(attribute, option="--attribute")
    stated = (new_name, description, second_factor, reset)
    if all(each is None for each in stated) and not texts and not unset_attribute:
        raise InvalidInputError("Nothing to set or unset. See postern groups set --help.")

    async def store(services: "Services") -> dict[str, Any]:
        from app.schemas.groups import GroupBody

        group = await group_named(services, name)
        attributes = {**json.loads(group.attributes), **await typed_values(services, texts)}
        for each in unset_attribute or ():
            attributes.pop(each, None)
        values = {
            "name": new_name if new_name is not None else group.name,
            "description": description if description is not None else group.description,
            "second_factor": second_factor or (None if reset else group.second_factor),
            "attributes": attributes,
        }
        changed = await services.accounts.groups.change(
            group.group_id, parse_body(GroupBody, values), version=group.version, authority=FULL
        )
        return _row(changed)

    show_one(with_services(store), as_json=as_json)


@cli.command("delete")
def delete(
    name: GroupName,
    *,
    is_confirmed: IsConfirmed = False,
    as_json: AsJson = False,
) -> None:
    """Delete a group. Its members lose the roles and the access that they have through it."""
    require_confirmation("a group", is_confirmed=is_confirmed)

    async def remove(services: "Services") -> dict[str, Any]:
        group = await group_named(services, name)
        await services.accounts.groups.delete(group.group_id, version=group.version, authority=FULL)
        return {"deleted": group.name}

    show_one(with_services(remove), as_json=as_json)


@cli.command("members")
def members(name: GroupName, *, limit: Limit = None, as_json: AsJson = False) -> None:
    """List the members of a group."""

    async def pages(services: "Services") -> AsyncIterator[list[dict[str, Any]]]:
        group = await group_named(services, name)
        async for page in pages_of(
            lambda after: services.accounts.groups.members(group.group_id, after=after),
            lambda membership: membership.user_id,
        ):
            rows = []
            for membership in page:
                user = await services.accounts.users.find(membership.user_id)
                rows.append(
                    {
                        "username": user.username if user is not None else None,
                        "user_id": membership.user_id,
                        "source": membership.source,
                        "added_at": membership.added_at.isoformat(timespec="seconds"),
                    }
                )
            yield rows

    print_pages(first_rows(pages, limit), as_json=as_json)


@cli.command("add-member")
def add_member(name: GroupName, username: Username, *, as_json: AsJson = False) -> None:
    """Make a user a member of a group."""

    async def add(services: "Services") -> dict[str, Any]:
        group = await group_named(services, name)
        user = await services.accounts.users.get(username)
        is_added = await services.accounts.groups.add_member(
            group.group_id, user.user_id, authority=FULL
        )
        return {"group": group.name, "username": user.username, "added": is_added}

    show_one(with_services(add), as_json=as_json)


@cli.command("remove-member")
def remove_member(name: GroupName, username: Username, *, as_json: AsJson = False) -> None:
    """Remove a user from a group."""

    async def remove(services: "Services") -> dict[str, Any]:
        group = await group_named(services, name)
        user = await services.accounts.users.get(username)
        is_removed = await services.accounts.groups.remove_member(
            group.group_id, user.user_id, authority=FULL
        )
        return {"group": group.name, "username": user.username, "removed": is_removed}

    show_one(with_services(remove), as_json=as_json)


def _pages(search: str) -> Pages:
    async def pages(services: "Services") -> AsyncIterator[list[dict[str, Any]]]:
        async for page in pages_of(
            lambda after: services.accounts.groups.list_page(search=search, after=after),
            lambda group: group.name_key,
        ):
            yield [_row(group) for group in page]

    return pages


def _row(group: "Group") -> dict[str, Any]:
    return {
        "name": group.name,
        "group_id": group.group_id,
        "description": group.description,
        "second_factor": group.second_factor,
        "attributes": json.loads(group.attributes),
        "owner": group.owner,
        "created_at": group.created_at.isoformat(timespec="seconds"),
    }
