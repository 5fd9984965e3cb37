"""`/admin/initial-access-tokens`: tokens with which clients register; create and revoke them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from app.i18n.messages import N_
from app.models.clients.initial_access_tokens import InitialAccessToken
from app.pages.admin.base import (
    NEW,
    ConsoleRequest,
    ConsoleRequestDep,
    console_router,
    get_console_request,
)
from app.pages.admin.forms import Field, Option
from app.pages.admin.navigation import Section, url_of
from app.pages.admin.object_forms import ObjectForm, ObjectRequest, form_routers
from app.pages.admin.pages import ConsolePage
from app.pages.admin.paging import AFTER, PAGE_SIZE, pages_of
from app.pages.admin.secret_forms import chosen_number, secret_page
from app.pages.admin.views import Cell, Fact, Link, Listing, Table
from app.pages.support import redirect
from app.schemas.admin_scopes import AdminScope

PLACE = "initial-access-tokens"
PATH = url_of(PLACE)
LABEL = Field("label", N_("Note"), hint=N_("Such as the team that the token is for."))
EXPIRES = Field(
    "expires_in",
    N_("The token expires"),
    wrong=N_("Choose one of the values."),
    kind="select",
    options=(
        Option("7", N_("In a week")),
        Option("1", N_("In a day")),
        Option("30", N_("In 30 days")),
        Option("90", N_("In 90 days")),
        Option("365", N_("In a year")),
    ),
    is_required=True,
)

ACCEPTED = N_("Anyone who holds one of these tokens can register clients.")
NOT_ACCEPTED = N_(
    "Clients can't register: these tokens are accepted once the setting DYNAMIC_REGISTRATION is"
    " token or open."
)

router = console_router()


@dataclass(frozen=True, slots=True)
class InitialAccessTokenRequest(ObjectRequest):
    """A request for a page about one initial access token."""

    token: InitialAccessToken

    @property
    def url(self) -> str:
        return PATH

    @property
    def shown_name(self) -> str:
        return self.token.label or self.token.token_id

    @property
    def version(self) -> str:
        return ""


async def get_token_request(request: ConsoleRequestDep, token_id: str) -> InitialAccessTokenRequest:
    """Return the request with its token; raise `NotFoundError` if there is none with this id."""
    token = await request.services.clients.initial_access_tokens.get(token_id)
    return InitialAccessTokenRequest(
        request.browser, request.fields, request.signed_in, request.authority, token
    )


@router.get(PATH)
async def list_initial_access_tokens(request: ConsoleRequestDep) -> Response:
    text = request.text
    tokens = await request.services.clients.initial_access_tokens.list_page(
        after=request.query(AFTER), limit=PAGE_SIZE + 1
    )
    shown, pager = pages_of(request, tokens, position=lambda each: {AFTER: each.token_id})
    listing = Listing(
        heading=text("Initial access tokens"),
        introduction=text(NOT_ACCEPTED if _is_off(request) else ACCEPTED),
        links=request.offered(Link(text("Create a token"), f"{PATH}/{NEW}", is_main=True)),
        table=Table(
            columns=[
                text("Token ID"),
                text("Note"),
                text("Created"),
                text("Expires"),
                text("Actions"),
            ],
            rows=[_row(request, each) for each in shown],
            empty=text(
                "Valid tokens appear here. Create one to let a team or a program register its own"
                " clients."
            ),
        ),
        pager=pager,
    )
    return request.console_page("admin_list.html", listing=listing)


def _is_off(request: ConsoleRequest) -> bool:
    return request.services.core.settings.dynamic_registration_mode == "off"


def _row(request: ConsoleRequest, token: InitialAccessToken) -> list[Cell]:
    url = f"{PATH}/{token.token_id}/revoke"
    return [
        Cell(token.token_id, is_code=True),
        Cell(token.label, words=request.text("None")),
        Cell(at=token.created_at),
        Cell(at=token.expires_at),
        Cell(links=request.offered(Link(request.text("Revoke"), url))),
    ]


async def _create(request: ConsoleRequest, typed: Mapping[str, str]) -> Response:
    text, core = request.text, request.services.core
    token, stored = await request.services.clients.initial_access_tokens.create(
        typed[LABEL.name],
        lasts=timedelta(days=chosen_number(request, EXPIRES, typed)),
        authority=request.authority,
    )
    return secret_page(
        request,
        token,
        of=stored.label,
        introduction=text("It is shown once. Give it only to those who need to register clients."),
        facts=[
            Fact(text("Token ID"), Cell(stored.token_id, is_code=True)),
            Fact(text("Expires"), Cell(at=stored.expires_at)),
            Fact(text("Registration endpoint"), Cell(core.links.registration, is_code=True)),
        ],
        next_url=PATH,
    )


async def _revoke(request: InitialAccessTokenRequest, _typed: Any) -> Response:
    await request.services.clients.initial_access_tokens.revoke(
        request.token.token_id, authority=request.authority
    )
    return redirect(f"{PATH}?done=removed")


CREATE = ObjectForm(
    path=f"{PATH}/{NEW}",
    request_of=get_console_request,
    heading=N_("Create an initial access token"),
    introduction=N_("Clients can register with it until it expires or is revoked."),
    submit=N_("Create token"),
    needs_fresh_sign_in=True,
    fields=(LABEL, EXPIRES),
    run=_create,
)
REVOKE = ObjectForm(
    path=f"{PATH}/{{token_id}}/revoke",
    request_of=get_token_request,
    heading=N_("Revoke this token?"),
    introduction=N_("Clients can no longer register with it. Clients that already have are kept."),
    submit=N_("Revoke token"),
    needs_fresh_sign_in=True,
    is_versioned=False,
    is_danger=True,
    run=_revoke,
)

PAGE = ConsolePage(
    place=PLACE,
    label=N_("Initial access tokens"),
    section=Section.APPS,
    scope=AdminScope.TOKENS_READ,
    routers=(*form_routers(CREATE, REVOKE), router),
)
