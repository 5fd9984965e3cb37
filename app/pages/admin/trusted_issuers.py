"""`/admin/issuers`: the issuers whose tokens stand for a client or a user, and one of them."""

from collections.abc import Iterable, Sequence

from starlette.responses import Response

from app.i18n.messages import N_
from app.models.oauth.trusted_issuers import TrustedIssuer
from app.pages.admin import trusted_issuer_changes
from app.pages.admin.base import NEW, ConsoleRequestDep, console_router
from app.pages.admin.client_links import url_of_client
from app.pages.admin.navigation import Section
from app.pages.admin.pages import ConsolePage
from app.pages.admin.trusted_issuer_forms import (
    PATH,
    PLACE,
    TrustedIssuerRequest,
    TrustedIssuerRequestDep,
)
from app.pages.admin.trusted_issuer_identities import facts_of_rules
from app.pages.admin.views import (
    Cell,
    Fact,
    Link,
    Listing,
    ObjectView,
    Part,
    Table,
    owner_cell,
    user_cell,
)
from app.schemas.admin_scopes import AdminScope

router = console_router()


@router.get(PATH)
async def list_issuers(request: ConsoleRequestDep) -> Response:
    text = request.text
    rows = await request.services.oauth.trusted_issuers.list_all()
    listing = Listing(
        heading=text("Trusted issuers"),
        introduction=text(
            "Tokens of these issuers, such as clusters and build services, stand for a client or a "
            "user here."
        ),
        links=request.offered(Link(text("Trust an issuer"), f"{PATH}/{NEW}", is_main=True)),
        table=Table(
            columns=[text("Short name"), text("Issuer"), text("Stands for"), text("Created")],
            rows=[_row(row, user=text("A user")) for row in rows],
            empty=text(
                "Trusted issuers appear here. Add one, so that a workload such as a build gets "
                "access tokens without a secret."
            ),
        ),
    )
    return request.console_page("admin_list.html", listing=listing)


@router.get(f"{PATH}/{{name}}")
async def show_issuer(request: TrustedIssuerRequestDep) -> Response:
    text = request.text
    view = ObjectView(
        title=request.row.name,
        back=Link(text("Trusted issuers"), PATH),
        links=request.offered(
            Link(text("Edit"), f"{request.url}/edit"),
            Link(text("Delete"), f"{request.url}/delete", is_danger=True),
        ),
        facts=_facts(request),
        parts=[_part_of_subjects(request), _part_of_claims(request)],
    )
    return request.console_page("admin_object.html", object=view)


def _row(row: TrustedIssuer, *, user: str) -> list[Cell]:
    return [
        Cell(row.name, url=f"{PATH}/{row.name}"),
        Cell(row.issuer, is_code=True),
        Cell(row.client_id or "", words=user, is_code=row.client_id is not None),
        Cell(at=row.created_at),
    ]


def _facts(request: TrustedIssuerRequest) -> Sequence[Fact]:
    text, row = request.text, request.row
    facts = [
        Fact(text("Issuer"), Cell(row.issuer, is_code=True)),
        Fact(
            text("Address of its keys"),
            Cell(
                row.jwks_uri or "",
                words=text("None: its keys are stored here"),
                is_code=row.jwks_uri is not None,
            ),
        ),
        Fact(text("Signing algorithms"), Cell(", ".join(row.algorithms.split()), is_code=True)),
        Fact(text("Audience"), Cell(row.audience, is_code=True)),
        Fact(text("Stands for"), _target(request)),
    ]
    if row.client_id is None:
        presenters = _names(request, row.presenters.split())
        facts.append(Fact(text("Clients that may present tokens for the user"), presenters))
    if row.identities is not None:
        facts += facts_of_rules(request, row.identities)
    return [
        *facts,
        Fact(text("Scopes at most"), _names(request, row.scopes.split())),
        Fact(text("Resources at most"), _names(request, row.resource_names.split())),
        Fact(text("Longest lifetime of its tokens in seconds"), Cell(str(row.maximum_age))),
        Fact(text("Managed by"), owner_cell(row.owner, text("Administrators"))),
        Fact(text("Created"), Cell(at=row.created_at)),
    ]


def _target(request: TrustedIssuerRequest) -> Cell:
    row = request.row
    if row.identities is not None:
        return Cell("", words=request.text("The user of each token"))
    if row.client_id is not None:
        return Cell(row.client_id, url=url_of_client(row.client_id))
    return user_cell(request.username, row.user_id or "")


def _names(request: TrustedIssuerRequest, names: Iterable[str]) -> Cell:
    return Cell(", ".join(names), words=request.text("None"))


def _part_of_subjects(request: TrustedIssuerRequest) -> Part:
    text = request.text
    rows = [[Cell(each, is_code=True)] for each in request.row.subjects.split()]
    return Part(text("Subjects"), Table([text("Pattern")], rows, empty=""))


def _part_of_claims(request: TrustedIssuerRequest) -> Part:
    text = request.text
    return Part(
        text("Required claims"),
        Table(
            columns=[text("Claim"), text("Value")],
            rows=[
                [Cell(name, is_code=True), Cell(value, is_code=True)]
                for name, value in request.row.claims.items()
            ],
            empty=text("Tokens with these subjects need no further claim."),
        ),
    )


PAGE = ConsolePage(
    place=PLACE,
    label=N_("Trusted issuers"),
    section=Section.APPS,
    scope=AdminScope.ISSUERS_READ,
    routers=(*trusted_issuer_changes.routers, router),
)
