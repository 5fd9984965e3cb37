"""`/admin/resources/{name}/clients`: who may request a resource, and who acts as its server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from app.details import Detail
from app.errors import InvalidInputError, NotFoundError
from app.i18n.messages import N_
from app.pages.admin.base import NEW
from app.pages.admin.client_links import client_id_in, key_of_client, url_of_client
from app.pages.admin.forms import Field
from app.pages.admin.object_forms import ObjectForm, ObjectRequest, form_routers
from app.pages.admin.resource_forms import (
    PATH,
    ResourceRequest,
    ResourceRequestDep,
    get_resource_request,
)
from app.pages.admin.views import Cell, Link, Part, Table
from app.pages.support import ShowAgainError, redirect

CLIENTS, SERVERS = "clients", "servers"
CLIENT = Field(
    "client_id",
    N_("Client ID"),
    wrong=N_("There is no client with that ID."),
    is_required=True,
    maximum=255,
)
MAY_REQUEST = Field("may_request", N_("May request tokens for the resource"), kind="check")
IS_SERVER = Field(
    "is_server",
    N_("Acts as the server of the resource"),
    hint=N_("It may ask whether tokens for the resource are valid. It must have a secret or keys."),
    kind="check",
)
RIGHTS = (MAY_REQUEST, IS_SERVER)


@dataclass(frozen=True, slots=True)
class ResourceClientRequest(ObjectRequest):
    """A request for a page about one client of a resource."""

    of_resource: ResourceRequest
    client_id: str

    @property
    def url(self) -> str:
        return self.of_resource.url

    @property
    def shown_name(self) -> str:
        return self.client_id

    @property
    def version(self) -> str:
        return self.of_resource.version


async def get_client_request(request: ResourceRequestDep, key: str) -> ResourceClientRequest:
    """Return the request with its client; raise `NotFoundError` if the resource lacks it."""
    client_id = client_id_in(key) or key
    if client_id not in _listed(request):
        raise NotFoundError(Detail.RESOURCE_CLIENT_UNKNOWN)
    return ResourceClientRequest(
        request.browser, request.fields, request.signed_in, request.authority, request, client_id
    )


def part_of_clients(request: ResourceRequest) -> Part:
    """Return the clients, for the page of the resource."""
    text, resource, url = request.text, request.resource, f"{request.url}/{CLIENTS}"
    yes, no = text("Yes"), text("No")
    rows = [
        [
            Cell(client_id, url=url_of_client(client_id)),
            Cell(words=yes if resource.may_be_requested_by(client_id) else no),
            Cell(words=yes if resource.is_served_by(client_id) else no),
            Cell(links=_links(request, f"{url}/{key_of_client(client_id)}")),
        ]
        for client_id in _listed(request)
    ]
    return Part(
        text("Clients"),
        Table(
            columns=[text("Client ID"), text("May request"), text("Is server"), text("Actions")],
            rows=rows,
            empty=(
                text("Every client may request the resource. Add the one that acts as its server.")
                if resource.is_open_to_all_clients
                else text("No client may request the resource. Add the first one.")
            ),
        ),
        links=request.offered(Link(text("Add a client"), f"{url}/{NEW}")),
    )


def _links(request: ResourceRequest, url: str) -> Sequence[Link]:
    return request.offered(
        Link(request.text("Edit"), f"{url}/edit"), Link(request.text("Remove"), f"{url}/delete")
    )


def _listed(request: ResourceRequest) -> Sequence[str]:
    return sorted(request.resource.requesters | request.resource.servers)


async def _add(request: ResourceRequest, typed: Mapping[str, str]) -> Response:
    if not 0 < len(typed[CLIENT.name]) <= CLIENT.maximum:
        raise ShowAgainError({CLIENT.name: request.text(CLIENT.wrong)})
    _require_right(request, typed)
    await _store(request, typed[CLIENT.name], typed)
    return redirect(f"{request.url}?done=added")


async def _save(request: ResourceClientRequest, typed: Mapping[str, str]) -> Response:
    _require_right(request.of_resource, typed)
    await _store(request.of_resource, request.client_id, typed)
    return redirect(f"{request.url}?done=saved")


async def _remove(request: ResourceClientRequest, _typed: Mapping[str, str]) -> Response:
    await _store(request.of_resource, request.client_id, {})
    return redirect(f"{request.url}?done=removed")


def _require_right(request: ResourceRequest, typed: Mapping[str, str]) -> None:
    if not any(typed[field.name] for field in RIGHTS):
        raise ShowAgainError({MAY_REQUEST.name: request.text("Choose at least one.")})


async def _store(request: ResourceRequest, client_id: str, rights: Mapping[str, str]) -> None:
    listed = {
        "requesters": (request.resource.requesters, MAY_REQUEST),
        SERVERS: (request.resource.servers, IS_SERVER),
    }
    changes = {
        member: sorted({*clients, client_id} if rights.get(right.name) else clients - {client_id})
        for member, (clients, right) in listed.items()
    }
    try:
        await request.store(changes, ())
    except InvalidInputError as error:
        is_unknown = await request.services.clients.clients.find(client_id) is None
        error.field = CLIENT.name if is_unknown else IS_SERVER.name
        raise


def _stored_values(request: ResourceClientRequest) -> Mapping[str, str]:
    resource = request.of_resource.resource
    return {
        MAY_REQUEST.name: "1" if request.client_id in resource.requesters else "",
        IS_SERVER.name: "1" if request.client_id in resource.servers else "",
    }


ADD = ObjectForm(
    path=f"{PATH}/{{name}}/{CLIENTS}/{NEW}",
    request_of=get_resource_request,
    heading=N_("Add a client"),
    submit=N_("Add client"),
    needs_fresh_sign_in=True,
    fields=(CLIENT, *RIGHTS),
    run=_add,
)
EDIT = ObjectForm(
    path=f"{PATH}/{{name}}/{CLIENTS}/{{key}}/edit",
    request_of=get_client_request,
    heading=N_("What the client may do"),
    submit=N_("Save"),
    needs_fresh_sign_in=True,
    fields=RIGHTS,
    stored=_stored_values,
    run=_save,
)
REMOVE = ObjectForm(
    path=f"{PATH}/{{name}}/{CLIENTS}/{{key}}/delete",
    request_of=get_client_request,
    heading=N_("Remove this client from the resource?"),
    introduction=N_("It gets no more tokens for the resource, and can't check any."),
    submit=N_("Remove client"),
    needs_fresh_sign_in=True,
    is_danger=True,
    run=_remove,
)
routers = changes, dangerous = form_routers(ADD, EDIT, REMOVE)
