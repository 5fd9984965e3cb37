"""`postern attributes …`: define the attributes that users and groups can have."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, get_args

from app.cli.base import with_services
from app.cli.bodies import parse_body
from app.cli.output import show, show_one
from app.cli.parameters import AsJson, IsConfirmed, argument, one_of, option, require_confirmation
from app.cli.parsing import Commands
from app.errors import InvalidInputError
from app.schemas.attributes import AppliesTo, AttributeDefinitionBody, AttributeType, EditableBy
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.accounts.attributes import AttributeDefinition
    from app.wiring import Services

Name = Annotated[str, argument()]

cli = Commands("attributes", help="Define the attributes of users and groups.")


@cli.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """List the defined attributes."""

    async def read(services: "Services") -> Sequence["AttributeDefinition"]:
        return await services.accounts.attributes.list_all()

    show([_row(each) for each in with_services(read)], as_json=as_json)


@cli.command("define")
def define(
    name: Name,
    *,
    kind: Annotated[
        str, option("--type", **one_of(get_args(AttributeType)), help="Type of the values.")
    ],
    applies_to: Annotated[
        str,
        option("--applies-to", **one_of(get_args(AppliesTo)), help="What can have the attribute."),
    ] = "users",
    editable_by: Annotated[
        str,
        option(
            "--editable-by",
            **one_of(get_args(EditableBy)),
            help="What a user can edit is never the source of a claim that others rely on.",
        ),
    ] = "administrator",
    description: Annotated[str, option("--description")] = "",
    as_json: AsJson = False,
) -> None:
    """Define an attribute. Its name and type cannot be changed later."""
    values = {
        "name": name,
        "type": kind,
        "applies_to": applies_to,
        "editable_by": editable_by,
        "description": description,
    }
    body = parse_body(AttributeDefinitionBody, values)

    async def add(services: "Services") -> dict[str, Any]:
        return _row(await services.accounts.attributes.define(body, authority=FULL))

    show_one(with_services(add), as_json=as_json)


@cli.command("set")
def change(
    name: Name,
    *,
    applies_to: Annotated[
        str | None,
        option("--applies-to", **one_of(get_args(AppliesTo)), help="What can have the attribute."),
    ] = None,
    editable_by: Annotated[
        str | None,
        option(
            "--editable-by",
            **one_of(get_args(EditableBy)),
            help="What a user can edit is never the source of a claim that others rely on.",
        ),
    ] = None,
    description: Annotated[str | None, option("--description")] = None,
    as_json: AsJson = False,
) -> None:
    """Change the definition of an attribute."""
    changes = {"applies_to": applies_to, "editable_by": editable_by, "description": description}
    stated = {member: value for member, value in changes.items() if value is not None}
    if not stated:
        raise InvalidInputError("Nothing to set. See postern attributes set --help.")

    async def store(services: "Services") -> dict[str, Any]:
        definition = await services.accounts.attributes.get(name)
        before = {
            member: getattr(definition, member) for member in AttributeDefinitionBody.model_fields
        }
        changed = await services.accounts.attributes.change(
            name,
            parse_body(AttributeDefinitionBody, {**before, **stated}),
            version=definition.version,
            authority=FULL,
        )
        return _row(changed)

    show_one(with_services(store), as_json=as_json)


@cli.command("delete")
def delete(
    name: Name,
    *,
    is_confirmed: IsConfirmed = False,
    as_json: AsJson = False,
) -> None:
    """Delete the definition of an attribute. No claim contains its values any more."""
    require_confirmation("an attribute", is_confirmed=is_confirmed)

    async def remove(services: "Services") -> dict[str, Any]:
        await services.accounts.attributes.delete(name, authority=FULL)
        return {"deleted": name}

    show_one(with_services(remove), as_json=as_json)


def _row(definition: "AttributeDefinition") -> dict[str, Any]:
    return {
        "name": definition.name,
        "type": definition.type,
        "applies_to": definition.applies_to,
        "editable_by": definition.editable_by,
        "description": definition.description,
        "owner": definition.owner,
    }
