"""`postern scopes …`: manage the catalogue of scopes."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.attribute_values import pairs_of
from app.cli.base import with_services
from app.cli.bodies import parse_body
from app.cli.named_objects import NamedObjects, ObjectName
from app.cli.output import show_one
from app.cli.parameters import AsJson, option
from app.cli.parsing import Commands
from app.errors import InvalidInputError
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.oauth.scopes import Scope
    from app.wiring import Services

Translations = Annotated[
    list[str] | None,
    option(
        "--translation",
        metavar="LANGUAGE=TEXT",
        help="The description in a language, such as de. Can be repeated.",
    ),
]
DESCRIPTION = "What the consent page says about the scope."

cli = Commands("scopes", help="Describe scopes for the consent page and for discovery.")


@cli.command("create")
def create(
    name: ObjectName,
    *,
    description: Annotated[str, option("--description", help=DESCRIPTION)],
    translation: Translations = None,
    as_json: AsJson = False,
) -> None:
    """Add a scope to the catalogue. A client can have it once it has registered it."""
    translations = pairs_of(translation, option="--translation")

    async def add(services: "Services") -> "Scope":
        from app.schemas.scopes import ScopeBody

        values = {"name": name, "description": description, "translations": translations}
        return await services.oauth.scopes.create(parse_body(ScopeBody, values), authority=FULL)

    show_one(_row(with_services(add)), as_json=as_json)


@cli.command("set")
def change(
    name: ObjectName,
    *,
    description: Annotated[str | None, option("--description", help=DESCRIPTION)] = None,
    translation: Translations = None,
    remove_translation: Annotated[
        list[str] | None,
        option("--remove-translation", metavar="LANGUAGE", help="Can be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change the texts of a scope."""
    added = pairs_of(translation, option="--translation")
    if description is None and not added and not remove_translation:
        raise InvalidInputError("Nothing to set. See postern scopes set --help.")

    async def store(services: "Services") -> "Scope":
        from app.schemas.scopes import ScopeBody

        scope = await services.oauth.scopes.get(name)
        values = {
            "name": name,
            "description": description if description is not None else scope.description,
            "translations": {**_without(scope.texts, remove_translation or ()), **added},
        }
        return await services.oauth.scopes.change(
            name, parse_body(ScopeBody, values), version=scope.version, authority=FULL
        )

    show_one(_row(with_services(store)), as_json=as_json)


def _without(texts: Mapping[str, str], languages: Iterable[str]) -> dict[str, str]:
    remaining = dict(texts)
    for language in languages:
        if remaining.pop(language, None) is None:
            raise InvalidInputError(f"--remove-translation: there is none in {language}.")
    return remaining


def _row(scope: "Scope") -> dict[str, Any]:
    return {
        "name": scope.name,
        "description": scope.description,
        "translations": dict(scope.texts),
        "owner": scope.owner,
        "created_at": scope.created_at.isoformat(timespec="seconds"),
    }


NamedObjects(
    service=lambda services: services.oauth.scopes,
    row=_row,
    what="a scope",
    list_help="List the scopes of the catalogue.",
    show_help="Show a scope of the catalogue.",
    delete_help="Remove a scope from the catalogue. Clients keep what they registered.",
).add_to(cli)
