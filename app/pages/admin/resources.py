"""`/admin/resources`: the services that tokens are meant for, and one of them."""

from starlette.responses import Response

from app.i18n.messages import N_
from app.models.oauth.resources import Resource
from app.oauth.protected_resources import challenge, well_known_url
from app.pages.admin import (
    resource_changes,
    resource_clients,
    resource_personal_tokens,
    resource_scopes,
)
from app.pages.admin.base import NEW, ConsoleRequest, ConsoleRequestDep, console_router
from app.pages.admin.navigation import Section
from app.pages.admin.pages import ConsolePage
from app.pages.admin.resource_clients import part_of_clients
from app.pages.admin.resource_forms import (
    CLIENTS,
    PATH,
    PLACE,
    ResourceRequest,
    ResourceRequestDep,
    stored_values,
)
from app.pages.admin.resource_personal_tokens import KIND, PERSONAL_TOKENS, kind_of
from app.pages.admin.resource_scopes import part_of_scopes
from app.pages.admin.views import Cell, Fact, Link, Listing, ObjectView, Part, Table, owner_cell
from app.schemas.admin_scopes import AdminScope

router = console_router()


@router.get(PATH)
async def list_resources(request: ConsoleRequestDep) -> Response:
    text = request.text
    resources = await request.services.oauth.resources.list_all()
    listing = Listing(
        heading=text("Resources"),
        introduction=text(
            "Resources are the APIs that tokens are meant for. A token for one is useless at "
            "another."
        ),
        links=request.offered(Link(text("Add a resource"), f"{PATH}/{NEW}", is_main=True)),
        table=Table(
            columns=[text("Title"), text("Identifier"), text("Clients"), text("Created")],
            rows=[_row(request, resource) for resource in resources],
            empty=text(
                "Resources appear here. Add one for each API, so that its tokens are valid there "
                "only."
            ),
        ),
    )
    return request.console_page("admin_list.html", listing=listing)


@router.get(f"{PATH}/{{name}}")
async def show_resource(request: ResourceRequestDep) -> Response:
    text = request.text
    view = ObjectView(
        title=request.resource.title,
        back=Link(text("Resources"), PATH),
        links=request.offered(
            Link(text("Edit"), f"{request.url}/edit"),
            Link(text("Personal access tokens"), f"{request.url}/{PERSONAL_TOKENS}"),
            Link(text("Delete"), f"{request.url}/delete", is_danger=True),
        ),
        facts=_facts(request),
        parts=[part_of_scopes(request), part_of_clients(request), _part_of_metadata(request)],
    )
    return request.console_page("admin_object.html", object=view)


def _row(request: ConsoleRequest, resource: Resource) -> list[Cell]:
    return [
        Cell(resource.title, url=f"{PATH}/{resource.name}"),
        Cell(resource.identifier, is_code=True),
        Cell(words=_clients(request, resource)),
        Cell(at=resource.created_at),
    ]


def _clients(request: ConsoleRequest, resource: Resource) -> str:
    return CLIENTS.label_of(stored_values(resource)[CLIENTS.name], request.text)


def _facts(request: ResourceRequest) -> list[Fact]:
    text, resource = request.text, request.resource
    lifetime = str(resource.access_token_ttl or "")
    is_jwt = resource.token_format == "jwt"
    return [
        Fact(text("Short name"), Cell(resource.name, is_code=True)),
        Fact(text("Identifier"), Cell(resource.identifier, is_code=True)),
        Fact(text("Aliases"), Cell(", ".join(sorted(resource.aliases)), words=text("None"))),
        Fact(text("Allowed clients"), Cell(words=_clients(request, resource))),
        Fact(
            text("Format of access tokens"),
            Cell(f"JWT, {resource.signing_alg}" if is_jwt else "", words=text("Opaque")),
        ),
        Fact(text("Lifetime of access tokens in seconds"), Cell(lifetime, words=text("As usual"))),
        Fact(
            text("Personal access tokens"),
            Cell(words=KIND.label_of(kind_of(request), text)),
        ),
        Fact(
            text("Unregistered agents"),
            Cell(words=text("Allowed") if resource.is_for_agents else text("Not allowed")),
        ),
        Fact(text("Managed by"), owner_cell(resource.owner, text("Administrators"))),
        Fact(text("Created"), Cell(at=resource.created_at)),
    ]


def _part_of_metadata(request: ResourceRequest) -> Part:
    """Return where clients find the metadata (RFC 9728)."""
    text, resource = request.text, request.resource
    url = well_known_url(resource.identifier)
    rows = []
    if url is not None:
        rows = [
            [Cell(words=text("Address at the resource")), Cell(url, is_code=True)],
            [Cell(words=text("Header of its 401 responses")), Cell(challenge(url), is_code=True)],
        ]
    if resource.shows_metadata:
        copy = request.services.core.links.resource_metadata(resource.name)
        rows.append([Cell(words=text("Copy at this server")), Cell(copy, is_code=True)])
    return Part(
        text("Metadata"),
        Table(
            columns=[text("What"), text("Value")],
            rows=rows,
            empty=text("The identifier is not a web address, so clients can't look it up."),
        ),
    )


PAGE = ConsolePage(
    place=PLACE,
    label=N_("Resources"),
    section=Section.APPS,
    scope=AdminScope.RESOURCES_READ,
    routers=(
        *resource_changes.routers,
        *resource_scopes.routers,
        *resource_clients.routers,
        *resource_personal_tokens.routers,
        router,
    ),
)
