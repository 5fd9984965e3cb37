"""`/admin/clients`: the list of clients, and one client with what uses it."""

from collections.abc import Sequence

from starlette.responses import Response

from app.i18n.messages import N_
from app.models.clients.clients import Client
from app.pages.admin import (
    client_access,
    client_acts,
    client_admin_scopes,
    client_changes,
    client_claims,
    client_default_resource,
    client_exchange,
    client_identity_servers,
    client_policies,
    client_registration_token,
    client_secrets,
    client_snippets,
    client_wizard,
)
from app.pages.admin.base import NEW, ConsoleRequest, ConsoleRequestDep, console_router
from app.pages.admin.client_claims import part_of_claims
from app.pages.admin.client_forms import PATH, PLACE, ClientRequest, ClientRequestDep
from app.pages.admin.client_grants import (
    CONSENTS,
    TOKENS,
    list_of_consents,
    list_of_tokens,
    part_of_consents,
    part_of_tokens,
)
from app.pages.admin.client_identity_servers import part_of_identity_servers
from app.pages.admin.client_parts import (
    facts_of,
    part_of_access,
    part_of_addresses,
    part_of_admin_scopes,
    part_of_policies,
)
from app.pages.admin.client_registration_token import part_of_registration_token
from app.pages.admin.client_secrets import part_of_secrets
from app.pages.admin.client_snippets import part_of_snippets
from app.pages.admin.navigation import Section
from app.pages.admin.pages import ConsolePage
from app.pages.admin.paging import AFTER, PAGE_SIZE, pages_of
from app.pages.admin.views import Badge, Cell, Link, Listing, ObjectView, Pager, Search, Table
from app.repositories.clients.client_search import ClientPosition
from app.schemas.admin_scopes import AdminScope

router = console_router()

AFTER_ID = f"{AFTER}_id"
SEARCH = "search"


@router.get(PATH)
async def list_clients(request: ConsoleRequestDep) -> Response:
    text, search = request.text, request.query(SEARCH)
    shown, pager = await (_found(request, search) if search else _all(request))
    listing = Listing(
        heading=text("Clients"),
        introduction=text("Clients are the apps and services that use this server."),
        links=request.offered(Link(text("Create a client"), f"{PATH}/{NEW}", is_main=True)),
        search=Search(
            text("Find clients"), search, text("Beginnings of the ID or of words of the name.")
        ),
        table=Table(
            columns=[text("Name"), text("Client ID"), text("State"), text("Created")],
            rows=[_row(request, client) for client in shown],
            empty=(
                text("No client matches.")
                if search
                else text("Clients appear here. Create one for each app that users sign in to.")
            ),
        ),
        pager=pager,
    )
    return request.console_page("admin_list.html", listing=listing)


@router.get(f"{PATH}/{{client_id}}/{CONSENTS}")
async def list_consents(request: ClientRequestDep) -> Response:
    return await list_of_consents(request, request.client.client_id)


@router.get(f"{PATH}/{{client_id}}/{TOKENS}")
async def list_tokens(request: ClientRequestDep) -> Response:
    return await list_of_tokens(request, request.client.client_id)


@router.get(f"{PATH}/{{client_id}}")
async def show_client(request: ClientRequestDep) -> Response:
    view = ObjectView(
        title=request.shown_name,
        back=Link(request.text("Clients"), PATH),
        badges=_badges(request, request.client),
        links=_links(request),
        facts=await facts_of(request),
        parts=[
            part_of_addresses(request),
            part_of_secrets(request),
            await part_of_access(request),
            part_of_policies(request),
            part_of_claims(request),
            part_of_identity_servers(request),
            part_of_snippets(request),
            part_of_admin_scopes(request),
            part_of_registration_token(request),
            await part_of_consents(request, request.client.client_id),
            await part_of_tokens(request, request.client.client_id),
        ],
    )
    return request.console_page("admin_object.html", object=view)


async def _all(request: ConsoleRequest) -> tuple[Sequence[Client], Pager]:
    clients = await request.services.clients.clients.list_page(
        after=request.query(AFTER), limit=PAGE_SIZE + 1
    )
    return pages_of(request, clients, position=lambda client: {AFTER: client.client_id})


async def _found(request: ConsoleRequest, search: str) -> tuple[Sequence[Client], Pager]:
    after = None
    if request.query(AFTER_ID):
        after = ClientPosition(request.query(AFTER), request.query(AFTER_ID))
    found = await request.services.clients.client_search.find(
        search, after=after, limit=PAGE_SIZE + 1
    )
    shown, pager = pages_of(
        request,
        found,
        position=lambda each: {AFTER: each[1].word, AFTER_ID: each[1].client_id},
        keeps={SEARCH: search},
    )
    return [client for client, _ in shown], pager


def _row(request: ConsoleRequest, client: Client) -> list[Cell]:
    return [
        Cell(client.client_name or client.client_id, url=f"{PATH}/{client.client_id}"),
        Cell(client.client_id, is_code=True),
        Cell(badges=_badges(request, client)),
        Cell(at=client.created_at),
    ]


def _badges(request: ConsoleRequest, client: Client) -> Sequence[Badge]:
    text = request.text
    badges = []
    if client.is_disabled:
        badges.append(Badge(text("disabled"), "bad"))
    if client.admin_scopes:
        badges.append(Badge(text("admin API"), "note"))
    if client.trust == "first_party":
        badges.append(Badge(text("your own"), "good"))
    elif client.trust == "verified":
        badges.append(Badge(text("verified"), "good"))
    return badges


def _links(request: ClientRequest) -> Sequence[Link]:
    text, url = request.text, request.client_url
    switch = (
        Link(text("Enable"), f"{url}/{client_acts.ENABLE}")
        if request.client.is_disabled
        else Link(text("Disable"), f"{url}/{client_acts.DISABLE}")
    )
    return request.offered(
        Link(text("Edit"), f"{url}/edit"),
        Link(text("Trust"), f"{url}/trust"),
        switch,
        Link(text("Delete"), f"{url}/delete", is_danger=True),
    )


PAGE = ConsolePage(
    place=PLACE,
    label=N_("Clients"),
    section=Section.APPS,
    scope=AdminScope.CLIENTS_READ,
    routers=(
        *client_wizard.routers,
        *client_changes.routers,
        *client_acts.routers,
        *client_secrets.routers,
        *client_registration_token.routers,
        *client_access.routers,
        *client_policies.routers,
        *client_exchange.routers,
        *client_identity_servers.routers,
        *client_claims.routers,
        *client_snippets.routers,
        *client_admin_scopes.routers,
        *client_default_resource.routers,
        router,
    ),
)
