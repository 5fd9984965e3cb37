"""`/admin/clients/{client_id}/secrets`: replace the secret of a client, and revoke the old one."""

from datetime import timedelta

from starlette.responses import Response

from app.details import Detail
from app.errors import NotFoundError
from app.i18n.messages import N_
from app.pages.admin.base import dangerous_router
from app.pages.admin.client_forms import PATH, ClientRequest, ClientRequestDep
from app.pages.admin.client_wizard import secret_page
from app.pages.admin.forms import Field, FormView, Option, form_page, shown_in_form, typed_in
from app.pages.admin.views import Badge, Cell, Link, Part, Table
from app.pages.support import Errors, ShowAgainError, redirect, shows_again

dangerous = dangerous_router()
routers = (dangerous,)

OVERLAP = Field(
    "overlap",
    N_("The current secret is valid for"),
    hint=N_("Time to give the app the new secret without an interruption."),
    wrong=N_("Choose one of the values."),
    kind="select",
    options=(
        Option("86400", N_("One more day")),
        Option("3600", N_("One more hour")),
        Option("604800", N_("One more week")),
        Option("2592000", N_("30 more days")),
        Option("0", N_("No longer: revoke it at once")),
    ),
    is_required=True,
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


async def replace_page(request: ClientRequest, errors: Errors | None = None) -> Response:
    form = FormView(
        heading=request.text("Replace the secret"),
        object_name=request.shown_name,
        fields=[field.in_language(request.text) for field in FIELDS],
        values=typed_in(request, FIELDS) if request.is_form else {},
        submit=request.text("Create a new secret"),
        cancel_url=request.client_url,
    )
    return form_page(request, form, errors)


@dangerous.get(f"{PATH}/{{client_id}}/secrets")
async def confirm_replacement(request: ClientRequestDep) -> Response:
    return await replace_page(request)


@dangerous.post(f"{PATH}/{{client_id}}/secrets")
@shows_again(replace_page)
async def replace_secret(request: ClientRequestDep) -> Response:
    request.check()
    overlap, days = (_chosen(request, field) for field in FIELDS)
    now = request.services.core.clock.now()
    with shown_in_form(request, FIELDS):
        secret = await request.services.clients.secrets.replace(
            request.client.client_id,
            overlap=timedelta(seconds=overlap),
            expires_at=now + timedelta(days=days) if days else None,
            authority=request.authority,
        )
    return secret_page(request, request.client.client_id, secret, of=request.shown_name)


async def revoke_page(request: ClientRequest, errors: Errors | None = None) -> Response:
    form = FormView(
        heading=request.text("Revoke the previous secret?"),
        object_name=request.shown_name,
        introduction=request.text("An app that still uses it can't authenticate any more."),
        fields=(),
        values={},
        submit=request.text("Revoke secret"),
        cancel_url=request.client_url,
        is_danger=True,
    )
    return form_page(request, form, errors)


@dangerous.get(f"{PATH}/{{client_id}}/secrets/previous")
async def confirm_revocation(request: ClientRequestDep) -> Response:
    return await revoke_page(request)


@dangerous.post(f"{PATH}/{{client_id}}/secrets/previous")
@shows_again(revoke_page)
async def revoke_previous_secret(request: ClientRequestDep) -> Response:
    request.check()
    with shown_in_form(request):
        if not await request.services.clients.secrets.revoke_previous(
            request.client.client_id, authority=request.authority
        ):
            raise NotFoundError(Detail.CLIENT_HAS_NO_PREVIOUS_SECRET)
    return redirect(f"{request.client_url}?done=removed")


def _chosen(request: ClientRequest, field: Field) -> int:
    """Return the number that was selected; show the form again for any other value."""
    value = request.fields.get(field.name, "")
    if value not in {option.value for option in field.options}:
        raise ShowAgainError({field.name: request.text(field.wrong)})
    return int(value)


def _badges(request: ClientRequest, *, previous: bool) -> list[Badge]:
    client, now = request.client, request.services.core.clock.now()
    ends_at = client.previous_secret_expires_at if previous else client.secret_expires_at
    has_expired = ends_at is not None and ends_at <= now
    return [Badge(request.text("expired"), "bad")] if has_expired else []
