"""`/admin/agents`: clients with a metadata document, and one of them with what uses it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from starlette.responses import Response

from app.details import Detail
from app.errors import NotFoundError
from app.i18n.messages import N_
from app.pages.admin import blocked_hosts
from app.pages.admin.audit_details import value_cell
from app.pages.admin.base import ConsoleRequest, ConsoleRequestDep, console_router
from app.pages.admin.client_grants import (
    CONSENTS,
    TOKENS,
    list_of_consents,
    list_of_tokens,
    part_of_consents,
    part_of_tokens,
)
from app.pages.admin.client_links import AGENTS, client_id_in, url_of_client
from app.pages.admin.navigation import Section, url_of
from app.pages.admin.object_forms import ObjectForm, ObjectRequest, form_routers
from app.pages.admin.pages import ConsolePage
from app.pages.admin.paging import AFTER, PAGE_SIZE, pages_of
from app.pages.admin.views import (
    Badge,
    Cell,
    Fact,
    Link,
    Listing,
    ObjectView,
    Part,
    Search,
    Table,
)
from app.pages.support import redirect
from app.repositories.clients.agents import Agent
from app.schemas.admin_scopes import AdminScope
from app.security.document_urls import host_name

PATH = url_of(AGENTS)
SEARCH = "search"

router = console_router()


@dataclass(frozen=True, slots=True)
class AgentRequest(ObjectRequest):
    """A request for a page about one client with a document."""

    agent: Agent

    @property
    def client_id(self) -> str:
        return self.agent.document.client_id

    @property
    def url(self) -> str:
        return url_of_client(self.client_id)

    @property
    def shown_name(self) -> str:
        return self.agent.document.client.client_name

    @property
    def version(self) -> str:
        return ""


async def get_agent_request(request: ConsoleRequestDep, key: str) -> AgentRequest:
    """Return the request with its agent; raise `NotFoundError` if that is unknown."""
    client_id = client_id_in(key)
    if client_id is None:
        raise NotFoundError(Detail.CLIENT_UNKNOWN)
    agent = await request.services.clients.agents.get(client_id)
    return AgentRequest(
        request.browser, request.fields, request.signed_in, request.authority, agent
    )


AgentRequestDep = Annotated[AgentRequest, Depends(get_agent_request)]


@router.get(PATH)
async def list_agents(request: ConsoleRequestDep) -> Response:
    text, search = request.text, request.query(SEARCH)
    rows = await request.services.clients.agents.list_page(
        host=(host_name(search) or search) if search else None,
        after=request.query(AFTER),
        limit=PAGE_SIZE + 1,
    )
    shown, pager = pages_of(
        request,
        rows,
        position=lambda each: {AFTER: each.document.client_id},
        keeps={SEARCH: search},
    )
    listing = Listing(
        heading=text("Agents"),
        introduction=text(
            "Agents and MCP clients that are not registered here: each is described by a document "
            "at its own address. Their names are not verified."
        ),
        links=[Link(text("Blocked hosts"), blocked_hosts.PATH)],
        search=Search(text("Find agents"), search, text("The whole host, such as claude.ai.")),
        table=Table(
            columns=[
                text("Name"),
                text("Host"),
                text("Users"),
                text("Last token"),
                text("Fresh until"),
            ],
            rows=[_row(request, each) for each in shown],
            empty=(
                text("No agent of this host.")
                if search
                else text(
                    "Agents appear here once a user has signed in to one. Mark a resource for "
                    "agents, so that they can use it without a registration."
                )
            ),
        ),
        pager=pager,
    )
    return request.console_page("admin_list.html", listing=listing)


@router.get(f"{PATH}/{{key}}/{CONSENTS}")
async def list_consents(request: AgentRequestDep) -> Response:
    return await list_of_consents(request, request.client_id)


@router.get(f"{PATH}/{{key}}/{TOKENS}")
async def list_tokens(request: AgentRequestDep) -> Response:
    return await list_of_tokens(request, request.client_id)


@router.get(f"{PATH}/{{key}}")
async def show_agent(request: AgentRequestDep) -> Response:
    text = request.text
    view = ObjectView(
        title=request.shown_name,
        back=Link(text("Agents"), PATH),
        badges=[Badge(text("not verified"), "note")],
        introduction=text("The name, and what the document says, are statements of its publisher."),
        links=request.offered(Link(text("Block the host"), f"{request.url}/block", is_danger=True)),
        facts=_facts(request),
        parts=[
            _part_of_members(request),
            await part_of_consents(request, request.client_id),
            await part_of_tokens(request, request.client_id),
        ],
    )
    return request.console_page("admin_object.html", object=view)


def _row(request: ConsoleRequest, agent: Agent) -> list[Cell]:
    document, never = agent.document, request.text("Never")
    return [
        Cell(document.client.client_name, url=url_of_client(document.client_id)),
        Cell(document.host, small=document.url),
        Cell(str(agent.users)),
        Cell(at=agent.last_token_at, words=never),
        Cell(at=document.fresh_until),
    ]


def _facts(request: AgentRequest) -> Sequence[Fact]:
    text, agent, document = request.text, request.agent, request.agent.document
    return [
        Fact(text("Client ID"), Cell(document.url, is_code=True)),
        Fact(text("Host"), Cell(document.host)),
        Fact(text("Users who allowed it"), Cell(str(agent.users))),
        Fact(text("Last token"), Cell(at=agent.last_token_at, words=text("Never"))),
        Fact(text("Last sign-in"), Cell(at=document.used_at)),
        Fact(text("First sign-in"), Cell(at=document.created_at)),
        Fact(text("Document fetched"), Cell(at=document.fetched_at)),
        Fact(text("Fresh until"), Cell(at=document.fresh_until)),
    ]


def _part_of_members(request: AgentRequest) -> Part:
    text, client = request.text, request.agent.document.client
    values = {
        "client_name": client.client_name,
        "redirect_uris": client.redirect_uri_list,
        "grant_types": client.grant_types.split(),
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
        **request.agent.document.stated["metadata"],
    }
    policies = client.policies_in_force
    if policies is not None and policies.allowed_scopes is not None:
        values["scope"] = list(policies.allowed_scopes)
    rows = [[Cell(name, is_code=True), value_cell(value)] for name, value in values.items()]
    return Part(text("Document"), Table([text("Member"), text("Value")], rows, empty=""))


async def _block(request: AgentRequest, _typed: Any) -> Response:
    hosts = request.services.clients.blocked_hosts
    await hosts.block(request.agent.document.host, authority=request.authority)
    return redirect(f"{blocked_hosts.PATH}?done=added")


def _what_ends(request: AgentRequest) -> str:
    return request.text(
        "All agents of the host %(host)s will be refused. Their tokens and consents "
        "end immediately, and aren't restored if you unblock the host."
    ) % {"host": request.agent.document.host}


BLOCK = ObjectForm(
    path=f"{PATH}/{{key}}/block",
    request_of=get_agent_request,
    heading=N_("Block the host of this agent?"),
    introduction=_what_ends,
    submit=N_("Block host"),
    needs_fresh_sign_in=True,
    is_versioned=False,
    is_danger=True,
    run=_block,
)

PAGE = ConsolePage(
    place=AGENTS,
    label=N_("Agents"),
    section=Section.APPS,
    scope=AdminScope.CLIENTS_READ,
    routers=(*form_routers(BLOCK), router),
)
