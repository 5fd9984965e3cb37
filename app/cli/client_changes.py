"""`postern clients set` and `admin-scopes`."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel

from app.cli.base import with_services
from app.cli.bodies import json_object_in, parse_body
from app.cli.client_rows import ClientId, row_of_new_client
from app.cli.output import show_one
from app.cli.parameters import AsJson, flag, one_of, option
from app.errors import InvalidInputError
from app.schemas.admin_scopes import AdminScope
from app.schemas.clients import URI_OR_TEXT, ClientCreate
from app.schemas.text import RedirectUri, Scope
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.clients.clients import Client
    from app.services.clients.clients import NewClient
    from app.wiring import Services

ADMIN_SCOPES = tuple(scope.value for scope in AdminScope)
SHORTHAND = "redirect_uri"
Names = list[str] | None


class EditedMembers(BaseModel):
    """Members of a file that are edited by options, too, before all of them are validated."""

    redirect_uris: list[RedirectUri] | None = None
    scope: Scope = ""


def change(
    client_id: ClientId,
    *,
    name: Annotated[str | None, option("--name", help="The name that users see.")] = None,
    add_redirect_uri: Annotated[
        Names, option("--add-redirect-uri", metavar="URL", help="Can be repeated.")
    ] = None,
    remove_redirect_uri: Annotated[
        Names, option("--remove-redirect-uri", metavar="URL", help="Can be repeated.")
    ] = None,
    add_scope: Annotated[
        Names, option("--add-scope", metavar="SCOPE", help="Can be repeated.")
    ] = None,
    remove_scope: Annotated[
        Names, option("--remove-scope", metavar="SCOPE", help="Can be repeated.")
    ] = None,
    default_resource: Annotated[
        str | None,
        option(
            "--default-resource",
            metavar="NAME",
            help="The resource for requests that name none.",
        ),
    ] = None,
    no_default_resource: Annotated[
        bool, flag("--no-default-resource", help="Remove the default resource.")
    ] = False,
    json_file: Annotated[
        str | None,
        option(
            "--json-file",
            metavar="FILE",
            help="A JSON object of client metadata; null removes a member.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change the metadata of a client. A client that now needs a secret gets one, printed once."""
    lists = (add_redirect_uri, remove_redirect_uri, add_scope, remove_scope)
    members = _members_in(json_file) if json_file is not None else {}
    if name is not None:
        members["client_name"] = name
    if default_resource is not None or no_default_resource:
        if members or any(lists) or (default_resource is not None and no_default_resource):
            raise InvalidInputError("Use --default-resource or --no-default-resource alone.")
        _set_default_resource(client_id, default_resource, as_json=as_json)
        return
    if not members and not any(lists):
        raise InvalidInputError("Nothing to set. See postern clients set --help.")

    async def store(services: "Services") -> "NewClient":
        from app.oauth.administered_clients import body_type_of, merged_members

        client = await services.clients.clients.get(client_id)
        merged = merged_members(client, members)
        merged["redirect_uris"] = _edited(
            merged.get("redirect_uris") or [],
            add_redirect_uri or (),
            remove_redirect_uri or (),
            option="--remove-redirect-uri",
        )
        scopes = _edited(
            str(merged.get("scope") or "").split(),
            add_scope or (),
            remove_scope or (),
            option="--remove-scope",
        )
        body_type = body_type_of(client, merged)
        body = parse_body(body_type, {**merged, "scope": " ".join(scopes)})
        return await services.clients.administered.change(client, body, authority=FULL)

    show_one(row_of_new_client(with_services(store)), as_json=as_json)


def _set_default_resource(client_id: str, name: str | None, *, as_json: bool) -> None:
    client = with_services(
        lambda services: services.oauth.default_resources.set(client_id, name, authority=FULL)
    )
    show_one(
        {"client_id": client.client_id, "default_resource": client.default_resource},
        as_json=as_json,
    )


def set_admin_scopes(
    client_id: ClientId,
    *,
    add: Annotated[
        Names,
        option("--add", **one_of(ADMIN_SCOPES), metavar="SCOPE", help="Can be repeated."),
    ] = None,
    remove: Annotated[
        Names,
        option("--remove", **one_of(ADMIN_SCOPES), metavar="SCOPE", help="Can be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show or change the scopes of the admin API that a client may have."""

    async def store(services: "Services") -> "Client":
        client = await services.clients.clients.get(client_id)
        if not add and not remove:
            return client
        scopes = _edited(client.admin_scopes.split(), add or (), remove or (), option="--remove")
        return await services.clients.administration.set_admin_scopes(
            client_id, [AdminScope(scope) for scope in scopes], authority=FULL
        )

    client = with_services(store)
    row = {"client_id": client.client_id, "admin_scopes": client.admin_scopes.split()}
    show_one(row, as_json=as_json)


def _edited(
    values: Sequence[str], added: Iterable[str], removed: Iterable[str], *, option: str
) -> list[str]:
    """Return the values with and without others; raise `InvalidInputError` for an absent one."""
    edited = list(dict.fromkeys([*values, *added]))
    for each in removed:
        if each not in edited:
            raise InvalidInputError(f"{option}: the client does not have {each}.")
        edited.remove(each)
    return edited


def _members_in(file: str) -> dict[str, Any]:
    """Return the members of a JSON object; raise `InvalidInputError` for an invalid one."""
    members = json_object_in(
        file, otherwise="--json-file: must be a readable file with a JSON object."
    )
    parse_body(EditedMembers, {name: value for name, value in members.items() if value is not None})
    known = ClientCreate.model_fields.keys() - {SHORTHAND}
    for name in members:
        if name not in known and name.partition("#")[0] not in URI_OR_TEXT:
            raise InvalidInputError(f"--json-file: {name} is not a member that can be changed.")
    return members
