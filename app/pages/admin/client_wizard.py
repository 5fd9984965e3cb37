"""`/admin/clients/+new`: create a client, by its kind and a few questions."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from app.errors import NotFoundError
from app.i18n.messages import N_
from app.pages.admin.base import NEW, ConsoleRequestDep, dangerous_router
from app.pages.admin.client_forms import PATH, in_lines, members_of
from app.pages.admin.client_kinds import KINDS, OfferedKind
from app.pages.admin.client_secret_page import client_secret_page
from app.pages.admin.forms import parse_body
from app.pages.admin.object_forms import ObjectForm, ObjectRequest, form_routers
from app.pages.admin.views import Cell, Link, Listing, Table
from app.pages.support import redirect
from app.schemas.clients import ClientCreate
from app.services.clients.kinds import KindName, metadata_of_kind

choice = dangerous_router()


@dataclass(frozen=True, slots=True)
class KindRequest(ObjectRequest):
    """A request for the page that creates a client of one kind."""

    name: KindName

    @property
    def kind(self) -> OfferedKind:
        return KINDS[self.name]

    @property
    def url(self) -> str:
        return f"{PATH}/{NEW}"

    @property
    def shown_name(self) -> str:
        return self.text(self.kind.label)

    @property
    def version(self) -> str:
        return ""


async def get_kind_request(request: ConsoleRequestDep, kind: str) -> KindRequest:
    for name in KINDS:
        if name == kind:
            return KindRequest(
                request.browser, request.fields, request.signed_in, request.authority, name
            )
    raise NotFoundError


@choice.get(f"{PATH}/{NEW}")
async def choose_kind(request: ConsoleRequestDep) -> Response:
    text = request.text
    listing = Listing(
        heading=text("What kind of app is it?"),
        links=[Link(text("Cancel"), PATH)],
        table=Table(
            columns=[text("Kind"), text("Description")],
            rows=[
                [
                    Cell(words=text(kind.label), url=f"{PATH}/{NEW}/{name}"),
                    Cell(words=text(kind.explanation)),
                ]
                for name, kind in KINDS.items()
            ],
            empty="",
        ),
    )
    return request.console_page("admin_list.html", listing=listing)


async def _create(request: KindRequest, typed: Mapping[str, str]) -> Response:
    fields = request.kind.fields
    stated = members_of(typed, fields)
    members = {name: value for name, value in stated.items() if value is not None}
    if "client_name" not in members:
        members["client_name"] = ""
    body = parse_body(request, ClientCreate, {**metadata_of_kind(request.name), **members}, fields)
    new = await request.services.clients.administered.create(body, authority=request.authority)
    url = f"{PATH}/{new.client.client_id}"
    if new.secret is None:
        return redirect(f"{url}?done=created")
    return client_secret_page(request, new.client.client_id, new.secret, of=new.client.client_name)


CREATE = ObjectForm(
    path=f"{PATH}/{NEW}/{{kind}}",
    request_of=get_kind_request,
    heading=N_("Create a client"),
    introduction=lambda request: request.text(request.kind.explanation),
    submit=N_("Create client"),
    needs_fresh_sign_in=True,
    is_versioned=False,
    fields=lambda request: request.kind.fields,
    in_form=in_lines,
    run=_create,
)
routers = (choice, *form_routers(CREATE))
