"""`/admin/resources/{name}/scopes`: the scopes of a resource."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from app.details import Detail
from app.errors import InvalidInputError, NotFoundError
from app.i18n.messages import N_
from app.models.oauth.resources import ResourceScope
from app.pages.admin.base import NEW
from app.pages.admin.forms import Field, Option, parse_body
from app.pages.admin.object_forms import ObjectForm, ObjectRequest, form_routers
from app.pages.admin.resource_forms import (
    PATH,
    ResourceRequest,
    ResourceRequestDep,
    get_resource_request,
)
from app.pages.admin.scope_forms import (
    DESCRIPTION,
    body_values,
    name_in,
    part_of_path,
    require_translations,
    translation_fields,
)
from app.pages.admin.scope_forms import NAME as SCOPE_NAME
from app.pages.admin.scope_forms import stored_values as stored_texts
from app.pages.admin.views import Badge, Cell, Link, Part, Table
from app.pages.support import ShowAgainError, redirect
from app.schemas.resources import ResourceScopeBody
from app.services.oauth.stated_resources import stated_scope

SCOPES = "scopes"
IS_DEFAULT = Field(
    "is_default", N_("Granted if a request names no scope of the resource"), kind="check"
)
IMPLIES = "implies"


@dataclass(frozen=True, slots=True)
class ResourceScopeRequest(ObjectRequest):
    """A request for a page about one scope of a resource."""

    of_resource: ResourceRequest
    scope: ResourceScope

    @property
    def url(self) -> str:
        return self.of_resource.url

    @property
    def shown_name(self) -> str:
        return self.scope.name

    @property
    def version(self) -> str:
        return self.of_resource.version


async def get_scope_request(request: ResourceRequestDep, scope: str) -> ResourceScopeRequest:
    """Return the request with its scope; raise `NotFoundError` if the resource lacks it."""
    found = request.resource.scopes_by_name.get(name_in(scope))
    if found is None:
        raise NotFoundError(Detail.RESOURCE_SCOPE_UNKNOWN)
    return ResourceScopeRequest(
        request.browser, request.fields, request.signed_in, request.authority, request, found
    )


def part_of_scopes(request: ResourceRequest) -> Part:
    """Return the scopes, for the page of the resource."""
    text, url = request.text, f"{request.url}/{SCOPES}"
    return Part(
        text("Scopes"),
        Table(
            columns=[text("Name"), text("Sentence"), text("Includes"), text("Actions")],
            rows=[
                [
                    Cell(
                        scope.name,
                        is_code=True,
                        badges=[Badge(text("by default"), "note")] if scope.is_default else [],
                    ),
                    Cell(scope.description, small=", ".join(sorted(scope.texts))),
                    Cell(", ".join(scope.implies.split())),
                    Cell(links=_links(request, f"{url}/{part_of_path(scope.name)}")),
                ]
                for scope in request.resource.scopes
            ],
            empty=text(
                "Scopes appear here. Add one for each thing that apps may do with this resource."
            ),
        ),
        links=request.offered(Link(text("Add a scope"), f"{url}/{NEW}")),
    )


def _links(request: ResourceRequest, url: str) -> Sequence[Link]:
    return request.offered(
        Link(request.text("Edit"), f"{url}/edit"), Link(request.text("Remove"), f"{url}/delete")
    )


async def _add(request: ResourceRequest, typed: Mapping[str, str]) -> Response:
    fields = _new_fields(request)
    scope = _scope(request, typed[SCOPE_NAME.name], typed, fields)
    if scope["name"] in request.resource.scopes_by_name:
        taken = request.text("The resource has a scope of this name already.")
        raise ShowAgainError({SCOPE_NAME.name: taken}, status=409)
    try:
        await _store(request, [*map(stated_scope, request.resource.scopes), scope], fields)
    except InvalidInputError as error:  # a name of this server's own
        error.field = SCOPE_NAME.name
        raise
    return redirect(f"{request.url}?done=added")


async def _save(request: ResourceScopeRequest, typed: Mapping[str, str]) -> Response:
    fields = _edit_fields(request)
    changed = _scope(request.of_resource, request.scope.name, typed, fields)
    scopes = [
        changed if each == request.scope else stated_scope(each)
        for each in request.of_resource.resource.scopes
    ]
    await _store(request.of_resource, scopes, fields)
    return redirect(f"{request.url}?done=saved")


async def _remove(request: ResourceScopeRequest, _typed: Mapping[str, str]) -> Response:
    name = request.scope.name
    others = [
        {**members, IMPLIES: [each for each in members[IMPLIES] if each != name]}
        for members in map(stated_scope, request.of_resource.resource.scopes)
        if members["name"] != name
    ]
    await _store(request.of_resource, others, ())
    return redirect(f"{request.url}?done=removed")


async def _store(
    request: ResourceRequest, scopes: Sequence[Mapping[str, Any]], fields: Sequence[Field]
) -> None:
    await request.store({SCOPES: scopes}, fields)


def _scope(
    request: ResourceRequest, name: str, typed: Mapping[str, str], fields: Sequence[Field]
) -> dict[str, Any]:
    """Return the members of a scope; show the form again with what is wrong."""
    values = {"name": name, **body_values(typed)}
    require_translations(request, values["translations"], fields)
    values |= {
        IS_DEFAULT.name: bool(typed[IS_DEFAULT.name]),
        IMPLIES: typed.get(IMPLIES, "").split(),
    }
    return parse_body(request, ResourceScopeBody, values, fields).model_dump()


def _new_fields(request: ResourceRequest) -> Sequence[Field]:
    texts = translation_fields(request, {})
    return SCOPE_NAME, DESCRIPTION, *texts, IS_DEFAULT, *_implied_fields(request, "")


def _edit_fields(request: ResourceScopeRequest) -> Sequence[Field]:
    texts = translation_fields(request, request.scope.texts)
    implied = _implied_fields(request.of_resource, request.scope.name)
    return DESCRIPTION, *texts, IS_DEFAULT, *implied


def _implied_fields(request: ResourceRequest, name: str) -> Sequence[Field]:
    """Return a box for each other scope, if there is one."""
    options = [
        Option(each.name, each.name, is_data=True)
        for each in request.resource.scopes
        if each.name != name
    ]
    if not options:
        return ()
    return (Field(IMPLIES, N_("Includes"), kind="checks", options=options),)


def _stored_values(request: ResourceScopeRequest) -> Mapping[str, str]:
    scope = request.scope
    implied = [each for each in scope.implies.split() if each != scope.name]
    return {
        **stored_texts(scope),
        IS_DEFAULT.name: "1" if scope.is_default else "",
        IMPLIES: " ".join(implied),
    }


ADD = ObjectForm(
    path=f"{PATH}/{{name}}/{SCOPES}/{NEW}",
    request_of=get_resource_request,
    heading=N_("Add a scope"),
    submit=N_("Add scope"),
    needs_fresh_sign_in=False,
    fields=_new_fields,
    run=_add,
)
EDIT = ObjectForm(
    path=f"{PATH}/{{name}}/{SCOPES}/{{scope}}/edit",
    request_of=get_scope_request,
    heading=N_("Edit scope"),
    submit=N_("Save"),
    needs_fresh_sign_in=False,
    fields=_edit_fields,
    stored=_stored_values,
    run=_save,
)
REMOVE = ObjectForm(
    path=f"{PATH}/{{name}}/{SCOPES}/{{scope}}/delete",
    request_of=get_scope_request,
    heading=N_("Remove this scope from the resource?"),
    introduction=N_("Clients can no longer request it."),
    submit=N_("Remove scope"),
    needs_fresh_sign_in=True,
    is_danger=True,
    run=_remove,
)
routers = changes, dangerous = form_routers(ADD, EDIT, REMOVE)
