"""`postern resources …`: manage the services that tokens are meant for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.base import with_services
from app.cli.bodies import parse_body
from app.cli.output import show as show_rows
from app.cli.output import show_one
from app.cli.parameters import (
    AsJson,
    IsConfirmed,
    argument,
    option,
    require_confirmation,
    with_parameters,
)
from app.cli.parsing import Commands
from app.cli.resource_options import REMOVED, STATED, changed_members
from app.cli.resource_rows import row_of_resource, show_resource, show_with_metadata
from app.cli.subjects import group_named
from app.errors import InvalidInputError
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.oauth.resources import Resource
    from app.wiring import Services

ResourceName = Annotated[
    str, argument(metavar="NAME", help="Its short name, which is its id in paths.")
]

cli = Commands("resources", help="Manage resources: the services that tokens are meant for.")


@cli.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """List resources."""
    resources = with_services(lambda services: services.oauth.resources.list_all())
    show_rows([row_of_resource(resource) for resource in resources], as_json=as_json)


@cli.command("show")
def show(name: ResourceName, *, as_json: AsJson = False) -> None:
    """Show a resource, its metadata, and the WWW-Authenticate header of its server (RFC 9728)."""

    async def read(services: "Services") -> Any:
        resource = await services.oauth.resources.get(name)
        types = await services.oauth.authorization_types.list_all()
        return resource, types, services.core.links

    resource, types, links = with_services(read)
    show_with_metadata(resource, types, links, as_json=as_json)


@cli.command("create")
@with_parameters(STATED)
def create(
    name: ResourceName,
    *,
    identifier: Annotated[
        str,
        option("--identifier", metavar="URI", help="An absolute URI; the audience of its tokens."),
    ],
    as_json: AsJson = False,
    **options: Any,
) -> None:
    """Create a resource. Say which clients may request it.

    Use --open-to-all-clients, or --listed-clients-only with a --requester for each client.
    """
    if not (options["open_to_all_clients"] or options["listed_clients_only"]):
        if not options["requester"]:
            raise InvalidInputError(
                "Use --open-to-all-clients, or --requester for each client that may request it."
            )
        options["listed_clients_only"] = True

    async def add(services: "Services") -> "Resource":
        from app.schemas.resources import ResourceBody

        members = {"name": name, "identifier": identifier, "title": name}
        values = await _changed(services, members, options)
        return await services.oauth.resources.create(
            parse_body(ResourceBody, values), authority=FULL
        )

    show_resource(with_services(add), as_json=as_json)


@with_parameters((*STATED, *REMOVED))
def change(name: ResourceName, *, as_json: AsJson = False, **options: Any) -> None:
    """Change a resource. What is not stated stays as it is."""
    if not any(value is not None and value is not False for value in options.values()):
        raise InvalidInputError("Nothing to set. See postern resources set --help.")

    async def store(services: "Services") -> "Resource":
        from app.schemas.resources import ResourceBody
        from app.services.oauth.stated_resources import stated_resource

        resource = await services.oauth.resources.get(name)
        values = await _changed(services, stated_resource(resource), options)
        return await services.oauth.resources.change(
            name, parse_body(ResourceBody, values), version=resource.version, authority=FULL
        )

    show_resource(with_services(store), as_json=as_json)


cli.command("set")(change)
cli.command("change", hidden=True)(change)


@cli.command("delete")
def delete(
    name: ResourceName, *, is_confirmed: IsConfirmed = False, as_json: AsJson = False
) -> None:
    """Delete a resource. Its tokens are refused from then on."""
    require_confirmation("a resource", is_confirmed=is_confirmed)

    async def remove(services: "Services") -> dict[str, Any]:
        await services.oauth.resources.delete(name, authority=FULL)
        return {"deleted": name}

    show_one(with_services(remove), as_json=as_json)


async def _changed(
    services: "Services", members: Mapping[str, Any], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the members with the changes that options state, and with groups by their ids."""
    changed = changed_members(members, options)
    names = options["personal_token_group"] or ()
    if options.get("all_personal_token_users"):
        if names:
            raise InvalidInputError(
                "Use either --personal-token-group or --all-personal-token-users."
            )
        changed["policies"] = {}
    if names:
        groups = [(await group_named(services, each)).group_id for each in names]
        changed["policies"] = {"personal_tokens": {"kind": "groups", "groups": groups}}
    return changed
