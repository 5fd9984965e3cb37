"""`/admin/webhooks`: create, change, enable, disable and delete a webhook, and test it."""

from collections.abc import Mapping
from datetime import timedelta

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import NEW, ConsoleRequest, get_console_request
from app.pages.admin.forms import Field, Option, parse_body
from app.pages.admin.object_forms import ObjectForm, form_routers
from app.pages.admin.views import Cell, Fact
from app.pages.admin.webhook_forms import (
    FIELDS,
    PATH,
    WebhookRequest,
    body_values,
    get_webhook_request,
    shown_url,
    stored_values,
)
from app.pages.support import ShowAgainError, redirect
from app.schemas.webhooks import WebhookBody
from app.services.operations.webhooks import NewSecret

NOT_ACCEPTED = N_("The receiver didn't accept the event: %(reason)s")
OVERLAP = Field(
    "overlap",
    N_("Events are also signed with the current secret for"),
    hint=N_("Time to give the receiver the new secret without an interruption."),
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


async def _create(request: ConsoleRequest, typed: Mapping[str, str]) -> Response:
    body = parse_body(request, WebhookBody, body_values(typed, is_enabled=True), FIELDS)
    new = await request.services.operations.webhooks.webhooks.create(
        body, authority=request.authority
    )
    return _secret_page(request, new)


async def _save(request: WebhookRequest, typed: Mapping[str, str]) -> Response:
    return await _change(request, typed, is_enabled=request.webhook.is_enabled)


async def _disable(request: WebhookRequest, _typed: Mapping[str, str]) -> Response:
    return await _change(request, stored_values(request.webhook), is_enabled=False)


async def _enable(request: WebhookRequest, _typed: Mapping[str, str]) -> Response:
    return await _change(request, stored_values(request.webhook), is_enabled=True)


async def _change(
    request: WebhookRequest, values: Mapping[str, str], *, is_enabled: bool
) -> Response:
    webhook = request.webhook
    body = parse_body(request, WebhookBody, body_values(values, is_enabled=is_enabled), FIELDS)
    await request.services.operations.webhooks.webhooks.change(
        webhook.webhook_id, body, version=webhook.version, authority=request.authority
    )
    return redirect(f"{request.url}?done=saved")


async def _rotate_secret(request: WebhookRequest, typed: Mapping[str, str]) -> Response:
    if typed[OVERLAP.name] not in {option.value for option in OVERLAP.options}:
        raise ShowAgainError({OVERLAP.name: request.text(OVERLAP.wrong)})
    new = await request.services.operations.webhooks.webhooks.rotate_secret(
        request.webhook.webhook_id,
        overlap=timedelta(seconds=int(typed[OVERLAP.name])),
        version=request.webhook.version,
        authority=request.authority,
    )
    return _secret_page(request, new)


async def _test(request: WebhookRequest, _typed: Mapping[str, str]) -> Response:
    error = await request.services.operations.webhooks.webhooks.test(
        request.webhook.webhook_id, authority=request.authority
    )
    if error is not None:
        raise ShowAgainError({"": request.text(NOT_ACCEPTED) % {"reason": error}})
    return redirect(f"{request.url}?done=accepted")


async def _delete(request: WebhookRequest, _typed: Mapping[str, str]) -> Response:
    await request.services.operations.webhooks.webhooks.delete(
        request.webhook.webhook_id, version=request.webhook.version, authority=request.authority
    )
    return redirect(f"{PATH}?done=deleted")


def _secret_page(request: ConsoleRequest, new: NewSecret) -> Response:
    """Return the page that shows a new secret once."""
    text, webhook = request.text, new.webhook
    return request.console_page(
        "admin_secret.html",
        heading=text("Copy the secret now"),
        object_name=shown_url(request, webhook),
        introduction=text("It is shown once. The receiver verifies signatures with it."),
        facts=[Fact(text("Webhook ID"), Cell(webhook.webhook_id, is_code=True))],
        secret=new.secret,
        next_url=f"{PATH}/{webhook.webhook_id}",
    )


CREATE = ObjectForm(
    path=f"{PATH}/{NEW}",
    request_of=get_console_request,
    heading=N_("Create a webhook"),
    submit=N_("Create webhook"),
    needs_fresh_sign_in=True,
    fields=FIELDS,
    run=_create,
)
EDIT = ObjectForm(
    path=f"{PATH}/{{webhook_id}}/edit",
    request_of=get_webhook_request,
    heading=N_("Edit webhook"),
    submit=N_("Save"),
    needs_fresh_sign_in=True,
    fields=FIELDS,
    stored=lambda request: stored_values(request.webhook),
    run=_save,
)
DISABLE = ObjectForm(
    path=f"{PATH}/{{webhook_id}}/disable",
    request_of=get_webhook_request,
    heading=N_("Disable this webhook?"),
    introduction=N_("Events that occur until you enable it are not delivered, also not later."),
    submit=N_("Disable webhook"),
    needs_fresh_sign_in=True,
    is_danger=True,
    run=_disable,
)
ENABLE = ObjectForm(
    path=f"{PATH}/{{webhook_id}}/enable",
    request_of=get_webhook_request,
    heading=N_("Enable this webhook?"),
    introduction=N_("It receives the events that occur from now on."),
    submit=N_("Enable webhook"),
    needs_fresh_sign_in=True,
    run=_enable,
)
SECRET = ObjectForm(
    path=f"{PATH}/{{webhook_id}}/secret",
    request_of=get_webhook_request,
    heading=N_("Replace the secret"),
    submit=N_("Create a new secret"),
    needs_fresh_sign_in=True,
    fields=(OVERLAP,),
    run=_rotate_secret,
)
TEST = ObjectForm(
    path=f"{PATH}/{{webhook_id}}/test",
    request_of=get_webhook_request,
    heading=N_("Send a test event?"),
    introduction=N_("An event of the type webhook.test is sent at once."),
    submit=N_("Send test event"),
    needs_fresh_sign_in=False,
    run=_test,
)
DELETE = ObjectForm(
    path=f"{PATH}/{{webhook_id}}/delete",
    request_of=get_webhook_request,
    heading=N_("Delete this webhook?"),
    introduction=N_("Its pending events are not delivered any more."),
    submit=N_("Delete webhook"),
    needs_fresh_sign_in=True,
    is_danger=True,
    run=_delete,
)
routers = changes, dangerous = form_routers(CREATE, EDIT, DISABLE, ENABLE, SECRET, TEST, DELETE)
