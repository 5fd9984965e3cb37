"""`/admin/clients/+new`: create a client, by its kind and a few questions."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from app.errors import NotFoundError
from app.pages.admin.base import NEW, ConsoleRequest, ConsoleRequestDep, dangerous_router
from app.pages.admin.client_forms import PATH, in_lines, members_of
from app.pages.admin.client_kinds import KINDS, OfferedKind
from app.pages.admin.client_secret_page import client_secret_page
from app.pages.admin.forms import FormView, form_page, parse_body, shown_in_form, typed_in
from app.pages.admin.views import Cell, Link, Listing, Table
from app.pages.support import Errors, redirect, shows_again
from app.schemas.clients import ClientCreate
from app.services.clients.kinds import KindName, metadata_of_kind

changes = dangerous_router()
routers = (changes,)


@dataclass(frozen=True, slots=True)
class KindRequest(ConsoleRequest):
    """A request for the page that creates a client of one kind."""

    name: KindName

    @property
    def kind(self) -> OfferedKind:
        return KINDS[self.name]


async def get_kind_request(request: ConsoleRequestDep, kind: str) -> KindRequest:
    for name in KINDS:
        if name == kind:
            return KindRequest(
                request.browser, request.fields, request.signed_in, request.authority, name
            )
    raise NotFoundError


KindRequestDep = Annotated[KindRequest, Depends(get_kind_request)]


@changes.get(f"{PATH}/{NEW}")
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


async def new_client_page(request: KindRequest, errors: Errors | None = None) -> Response:
    text, kind = request.text, request.kind
    form = FormView(
        heading=text("Create a client"),
        object_name=text(kind.label),
        introduction=text(kind.explanation),
        fields=[field.in_language(text) for field in kind.fields],
        values=in_lines(typed_in(request, kind.fields)) if request.is_form else {},
        submit=text("Create client"),
        cancel_url=f"{PATH}/{NEW}",
    )
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{NEW}/{{kind}}")
async def new_client(request: KindRequestDep) -> Response:
    return await new_client_page(request)


@changes.post(f"{PATH}/{NEW}/{{kind}}")
@shows_again(new_client_page)
async def create_client(request: KindRequestDep) -> Response:
    fields = request.kind.fields
    request.check(*(field.name for field in fields))
    stated = members_of(typed_in(request, fields), fields)
    members = {name: value for name, value in stated.items() if value is not None}
    if "client_name" not in members:
        members["client_name"] = ""
    body = parse_body(request, ClientCreate, {**metadata_of_kind(request.name), **members}, fields)
    with shown_in_form(request, fields):
        new = await request.services.clients.administered.create(body, authority=request.authority)
    url = f"{PATH}/{new.client.client_id}"
    if new.secret is None:
        return redirect(f"{url}?done=created")
    return client_secret_page(request, new.client.client_id, new.secret, of=new.client.client_name)
