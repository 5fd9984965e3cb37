"""`/admin/clients/{client_id}/registration-token`: issue and revoke the token with which a client
changes itself."""

from collections.abc import Mapping

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.client_forms import PATH, ClientRequest, get_client_request
from app.pages.admin.object_forms import ObjectForm, form_routers
from app.pages.admin.secret_forms import secret_page
from app.pages.admin.views import Cell, Fact, Link, Part, Table
from app.pages.support import redirect

PLACE = "registration-token"


def part_of_registration_token(request: ClientRequest) -> Part:
    text, url = request.text, f"{request.client_url}/{PLACE}"
    has_token = request.client.registration_token_digest is not None
    revoke = Link(text("Revoke"), f"{url}/revoke")
    issue = Link(text("Replace token") if has_token else text("Issue a token"), url)
    row = [Cell(words=text("Set")), Cell(links=request.offered(revoke))]
    return Part(
        text("Registration access token"),
        Table(
            columns=[text("State"), text("Actions")],
            rows=[row] if has_token else [],
            empty=text("This client has no token with which it changes its own registration."),
        ),
        links=request.offered(issue),
    )


async def _issue(request: ClientRequest, _typed: Mapping[str, str]) -> Response:
    text, client_id = request.text, request.client.client_id
    token = await request.services.clients.registration_tokens.issue(
        client_id, authority=request.authority
    )
    address = request.services.core.links.client_registration(client_id)
    return secret_page(
        request,
        token,
        of=request.shown_name,
        introduction=text("It is shown once. Keep it where only the app can read it."),
        facts=[
            Fact(text("Client ID"), Cell(client_id, is_code=True)),
            Fact(text("Address of the registration"), Cell(address, is_code=True)),
        ],
        next_url=request.client_url,
    )


async def _revoke(request: ClientRequest, _typed: Mapping[str, str]) -> Response:
    await request.services.clients.registration_tokens.revoke(
        request.client.client_id, authority=request.authority
    )
    return redirect(f"{request.url}?done=removed")


ISSUE = ObjectForm(
    path=f"{PATH}/{{client_id}}/{PLACE}",
    request_of=get_client_request,
    heading=N_("Issue a registration access token"),
    introduction=N_(
        "With it, the app reads, changes and deletes its own registration. A token that it has"
        " already is revoked."
    ),
    submit=N_("Issue token"),
    needs_fresh_sign_in=True,
    is_versioned=False,
    run=_issue,
)
REVOKE = ObjectForm(
    path=f"{PATH}/{{client_id}}/{PLACE}/revoke",
    request_of=get_client_request,
    heading=N_("Revoke the registration access token?"),
    introduction=N_("The app can no longer read or change its own registration."),
    submit=N_("Revoke token"),
    needs_fresh_sign_in=True,
    is_versioned=False,
    is_danger=True,
    run=_revoke,
)
routers = form_routers(ISSUE, REVOKE)
