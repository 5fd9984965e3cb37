"""`/admin/clients/{client_id}/secrets`: replace the secret of a client, and revoke the old one."""

from collections.abc import Mapping
from datetime import timedelta

from starlette.responses import Response

from app.details import Detail
from app.errors import NotFoundError
from app.i18n.messages import N_
from app.pages.admin.client_forms import PATH, ClientRequest, get_client_request
from app.pages.admin.client_secret_page import client_secret_page
from app.pages.admin.forms import Field, Option
from app.pages.admin.object_forms import ObjectForm, form_routers
from app.pages.admin.secret_forms import chosen_number, overlap_field
from app.pages.admin.views import Badge, Cell, Link, Part, Table
from app.pages.support import redirect

OVERLAP = overlap_field(
    N_("The current secret is valid for"),
    N_("Time to give the app the new secret without an interruption."),
)
EXPIRES = Field(
    "expires_in",
    N_("The new secret expires"),
    wrong=N_("Choose one of the values."),
    kind="select",
    options=(
        Option("0", N_("Never")),
        Option("90", N_("In 90 days")),
        Option("365", N_("In a year")),
    ),
    is_required=True,
)
FIELDS = (OVERLAP, EXPIRES)


def part_of_secrets(request: ClientRequest) -> Part:
    text, client, url = request.text, request.client, f"{request.client_url}/secrets"
    rows = []
    if client.secret_digest is not None:
        rows.append(
            [
                Cell(words=text("Current secret"), badges=_badges(request, previous=False)),
                Cell(at=client.secret_expires_at, words=text("Never")),
                Cell(),
            ]
        )
    if client.previous_secret_digest is not None:
        rows.append(
            [
                Cell(words=text("Previous secret"), badges=_badges(request, previous=True)),
                Cell(at=client.previous_secret_expires_at, words=text("Never")),
                Cell(links=request.offered(Link(text("Revoke"), f"{url}/previous"))),
            ]
        )
    has_secret = client.secret_digest is not None
    return Part(
        text("Secrets"),
        Table(
            columns=[text("Secret"), text("Expires"), text("Actions")],
            rows=rows,
            empty=text("This kind of client has no secret."),
        ),
        links=request.offered(Link(text("Replace secret"), url)) if has_secret else (),
    )


async def _replace(request: ClientRequest, typed: Mapping[str, str]) -> Response:
    overlap, days = (chosen_number(request, field, typed) for field in FIELDS)
    now = request.services.core.clock.now()
    secret = await request.services.clients.secrets.replace(
        request.client.client_id,
        overlap=timedelta(seconds=overlap),
        expires_at=now + timedelta(days=days) if days else None,
        authority=request.authority,
    )
    return client_secret_page(request, request.client.client_id, secret, of=request.shown_name)


async def _revoke(request: ClientRequest, _typed: Mapping[str, str]) -> Response:
    if not await request.services.clients.secrets.revoke_previous(
        request.client.client_id, authority=request.authority
    ):
        raise NotFoundError(Detail.CLIENT_HAS_NO_PREVIOUS_SECRET)
    return redirect(f"{request.url}?done=removed")


def _badges(request: ClientRequest, *, previous: bool) -> list[Badge]:
    client, now = request.client, request.services.core.clock.now()
    ends_at = client.previous_secret_expires_at if previous else client.secret_expires_at
    has_expired = ends_at is not None and ends_at <= now
    return [Badge(request.text("expired"), "bad")] if has_expired else []


REPLACE = ObjectForm(
    path=f"{PATH}/{{client_id}}/secrets",
    request_of=get_client_request,
    heading=N_("Replace the secret"),
    submit=N_("Create a new secret"),
    needs_fresh_sign_in=True,
    is_versioned=False,
    fields=FIELDS,
    run=_replace,
)
REVOKE = ObjectForm(
    path=f"{PATH}/{{client_id}}/secrets/previous",
    request_of=get_client_request,
    heading=N_("Revoke the previous secret?"),
    introduction=N_("Apps that still use it can no longer authenticate."),
    submit=N_("Revoke secret"),
    needs_fresh_sign_in=True,
    is_versioned=False,
    is_danger=True,
    run=_revoke,
)
routers = form_routers(REPLACE, REVOKE)
