"""`postern authorization-types …`: manage types of authorization details (RFC 9396)."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.attribute_values import pairs_of
from app.cli.base import with_services
from app.cli.bodies import json_in, parse_body
from app.cli.output import show as show_rows
from app.cli.output import show_one
from app.cli.parameters import (
    AsJson,
    IsConfirmed,
    argument,
    flag_parameter,
    option,
    require_confirmation,
    texts_parameter,
    with_parameters,
)
from app.cli.parsing import Commands
from app.errors import InvalidInputError
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.oauth.authorization_types import AuthorizationType
    from app.wiring import Services

TypeName = Annotated[str, argument(metavar="NAME", help="Its `type` in authorization details.")]
Texts = list[str] | None
REPEATED = "Can be repeated."
SENTENCE = "The sentence on the consent page, with {placeholders} for required members."
SCHEMA = "File with the JSON Schema of the members beside type."
UNREADABLE_SCHEMA = "--schema: the file can't be read as JSON."

cli = Commands(
    "authorization-types",
    help="Manage what clients may ask users to approve in detail, such as one payment.",
)


STATED = (
    texts_parameter(
        "--translation", "LANGUAGE=TEXT", f"The sentence in a language, such as de. {REPEATED}"
    ),
    flag_parameter("--open-to-all-clients", "Let every client request it."),
    flag_parameter("--listed-clients-only", "Let only the clients of --client request it."),
    texts_parameter("--client", "CLIENT_ID", f"A client that may request it. {REPEATED}"),
    texts_parameter(
        "--resource",
        "NAME",
        f"A resource whose tokens have the details; all tokens if there is none. {REPEATED}",
    ),
)
REMOVED = (
    texts_parameter("--remove-translation", "LANGUAGE", REPEATED),
    texts_parameter("--remove-client", "CLIENT_ID", REPEATED),
    texts_parameter("--remove-resource", "NAME", REPEATED),
)


@cli.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """List types of authorization details."""
    types = with_services(lambda services: services.oauth.authorization_types.list_all())
    rows = [_row(each) for each in types]
    if not as_json:
        rows = [{name: row[name] for name in row if name != "json_schema"} for row in rows]
    show_rows(rows, as_json=as_json)


@cli.command("show")
def show(name: TypeName, *, as_json: AsJson = False) -> None:
    """Show a type of authorization details and its schema."""
    row = _row(with_services(lambda services: services.oauth.authorization_types.get(name)))
    _show_row(row, as_json=as_json)


@cli.command("create")
@with_parameters(STATED)
def create(
    name: TypeName,
    *,
    schema: Annotated[str, option("--schema", metavar="FILE", help=SCHEMA)],
    description: Annotated[str, option("--description", help=SENTENCE)],
    as_json: AsJson = False,
    **options: Any,
) -> None:
    """Create a type. Say which clients may request it.

    Use --open-to-all-clients, or --client for each client.
    """
    if not (options["open_to_all_clients"] or options["listed_clients_only"]):
        if not options["client"]:
            raise InvalidInputError(
                "Use --open-to-all-clients, or --client for each client that may request it."
            )
        options["listed_clients_only"] = True
    members = {
        "name": name,
        "json_schema": json_in(schema, otherwise="--schema: the file can't be read as JSON."),
        "description": description,
    }
    values = _changed(members, options)

    async def add(services: "Services") -> "AuthorizationType":
        from app.schemas.authorization_types import AuthorizationTypeBody

        return await services.oauth.authorization_types.create(
            parse_body(AuthorizationTypeBody, values), authority=FULL
        )

    _show_row(_row(with_services(add)), as_json=as_json)


@cli.command("set")
@with_parameters((*STATED, *REMOVED))
def change(
    name: TypeName,
    *,
    schema: Annotated[str | None, option("--schema", metavar="FILE", help=SCHEMA)] = None,
    description: Annotated[str | None, option("--description", help=SENTENCE)] = None,
    as_json: AsJson = False,
    **options: Any,
) -> None:
    """Change a type. What is not stated stays as it is."""
    stated: dict[str, Any] = {}
    if schema is not None:
        stated["json_schema"] = json_in(
            schema, otherwise="--schema: the file can't be read as JSON."
        )
    if description is not None:
        stated["description"] = description
    if not stated and not any(options.values()):
        raise InvalidInputError("Nothing to set. See postern authorization-types set --help.")

    async def store(services: "Services") -> "AuthorizationType":
        from app.schemas.authorization_types import AuthorizationTypeBody
        from app.services.oauth.authorization_types import stated_type

        before = await services.oauth.authorization_types.get(name)
        values = _changed({**stated_type(before), **stated}, options)
        body = parse_body(AuthorizationTypeBody, values)
        return await services.oauth.authorization_types.change(
            name, body, version=before.version, authority=FULL
        )

    _show_row(_row(with_services(store)), as_json=as_json)


@cli.command("delete")
def delete(name: TypeName, *, is_confirmed: IsConfirmed = False, as_json: AsJson = False) -> None:
    """Delete a type. Access tokens keep its details until they expire."""
    require_confirmation("a type of authorization details", is_confirmed=is_confirmed)

    async def remove(services: "Services") -> dict[str, Any]:
        await services.oauth.authorization_types.delete(name, authority=FULL)
        return {"deleted": name}

    show_one(with_services(remove), as_json=as_json)


def _changed(members: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a type with the changes that options state."""
    changed = dict(members)
    if options["open_to_all_clients"] and options["listed_clients_only"]:
        raise InvalidInputError("Use either --open-to-all-clients or --listed-clients-only.")
    if options["open_to_all_clients"] or options["listed_clients_only"]:
        changed["is_open_to_all_clients"] = options["open_to_all_clients"]
    texts = {
        **changed.get("translations", {}),
        **pairs_of(options["translation"], option="--translation"),
    }
    kept = _without(texts, options.get("remove_translation"), "--remove-translation")
    changed["translations"] = {language: texts[language] for language in kept}
    for name, member in (("client", "clients"), ("resource", "resources")):
        values = dict.fromkeys([*changed.get(member, ()), *(options[name] or ())])
        changed[member] = _without(values, options.get(f"remove_{name}"), f"--remove-{name}")
    return changed


def _without(values: Iterable[str], removed: Texts, name: str) -> list[str]:
    remaining = list(values)
    for each in removed or ():
        if each not in remaining:
            raise InvalidInputError(f"{name}: the type does not have {each}.")
        remaining.remove(each)
    return remaining


def _show_row(row: dict[str, Any], *, as_json: bool) -> None:
    """Print a type; its schema follows the other members, except in JSON."""
    if as_json:
        show_one(row, as_json=True)
        return
    schema = row.pop("json_schema")
    show_one(row, as_json=False)
    print(f"\nSchema:\n{json.dumps(schema, ensure_ascii=False, indent=2)}")


def _row(row: "AuthorizationType") -> dict[str, Any]:
    from app.services.oauth.authorization_types import stated_type

    return {
        **stated_type(row),
        "owner": row.owner,
        "created_at": row.created_at.isoformat(timespec="seconds"),
    }
