"""`/admin/blocked-hosts`: hosts whose clients are refused; block one, and unblock it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from app.details import Detail
from app.errors import NotFoundError
from app.i18n.messages import N_
from app.models.clients.client_documents import BlockedHost
from app.pages.admin.base import (
    NEW,
    ConsoleRequest,
    ConsoleRequestDep,
    console_router,
    get_console_request,
)
from app.pages.admin.client_links import AGENTS
from app.pages.admin.forms import Field
from app.pages.admin.navigation import Section, url_of
from app.pages.admin.object_forms import ObjectForm, ObjectRequest, form_routers
from app.pages.admin.pages import ConsolePage
from app.pages.admin.paging import AFTER, PAGE_SIZE, pages_of
from app.pages.admin.views import Cell, Link, Listing, Table
from app.pages.support import redirect
from app.schemas.admin_scopes import AdminScope

PLACE = "blocked-hosts"
PATH = url_of(PLACE)
HOST = Field(
    "host",
    N_("Host"),
    hint=N_(
        "The host of the client ID, such as agent.example.com. Its subdomains are not blocked."
    ),
    is_required=True,
    maximum=255,
)

router = console_router()


@dataclass(frozen=True, slots=True)
class BlockedHostRequest(ObjectRequest):
    """A request for a page about one blocked host."""

    blocked: BlockedHost

    @property
    def url(self) -> str:
        return PATH

    @property
    def shown_name(self) -> str:
        return self.blocked.host

    @property
    def version(self) -> str:
        return ""


async def get_blocked_host_request(request: ConsoleRequestDep, host: str) -> BlockedHostRequest:
    """Return the request with its host; raise `NotFoundError` if that is not blocked."""
    blocked = await request.services.clients.blocked_hosts.find(host)
    if blocked is None:
        raise NotFoundError(Detail.HOST_NOT_BLOCKED)
    return BlockedHostRequest(
        request.browser, request.fields, request.signed_in, request.authority, blocked
    )


@router.get(PATH)
async def list_blocked_hosts(request: ConsoleRequestDep) -> Response:
    text = request.text
    rows = await request.services.clients.blocked_hosts.list_page(
        after=request.query(AFTER), limit=PAGE_SIZE + 1
    )
    shown, pager = pages_of(request, rows, position=lambda each: {AFTER: each.host})
    listing = Listing(
        heading=text("Blocked hosts"),
        introduction=text("Agents whose metadata document is at one of these hosts are refused."),
        links=[
            *request.offered(Link(text("Block a host"), f"{PATH}/{NEW}", is_main=True)),
            Link(text("Agents"), url_of(AGENTS)),
        ],
        table=Table(
            columns=[text("Host"), text("Blocked"), text("Actions")],
            rows=[_row(request, each) for each in shown],
            empty=text(
                "Blocked hosts appear here. Block the host of a harmful agent: its tokens and "
                "consents end immediately."
            ),
        ),
        pager=pager,
    )
    return request.console_page("admin_list.html", listing=listing)


def _row(request: ConsoleRequest, blocked: BlockedHost) -> list[Cell]:
    url = f"{PATH}/{blocked.host}/unblock"
    return [
        Cell(blocked.host),
        Cell(at=blocked.blocked_at),
        Cell(links=request.offered(Link(request.text("Unblock"), url))),
    ]


async def _block(request: ConsoleRequest, typed: Mapping[str, str]) -> Response:
    hosts = request.services.clients.blocked_hosts
    await hosts.block(typed[HOST.name], authority=request.authority)
    return redirect(f"{PATH}?done=added")


async def _unblock(request: BlockedHostRequest, _typed: Any) -> Response:
    hosts = request.services.clients.blocked_hosts
    await hosts.unblock(request.blocked.host, authority=request.authority)
    return redirect(f"{PATH}?done=removed")


BLOCK = ObjectForm(
    path=f"{PATH}/{NEW}",
    request_of=get_console_request,
    heading=N_("Block a host"),
    introduction=N_(
        "Agents of this host will be refused. Their tokens and consents end "
        "immediately, and aren't restored if you unblock the host."
    ),
    submit=N_("Block host"),
    needs_fresh_sign_in=True,
    is_danger=True,
    fields=(HOST,),
    run=_block,
)
UNBLOCK = ObjectForm(
    path=f"{PATH}/{{host}}/unblock",
    request_of=get_blocked_host_request,
    heading=N_("Unblock this host?"),
    introduction=N_("Its agents are accepted again. Users have to allow them again."),
    submit=N_("Unblock host"),
    needs_fresh_sign_in=True,
    is_versioned=False,
    run=_unblock,
)

PAGE = ConsolePage(
    place=PLACE,
    label=N_("Blocked hosts"),
    section=Section.APPS,
    scope=AdminScope.CLIENTS_READ,
    routers=(*form_routers(BLOCK, UNBLOCK), router),
)
