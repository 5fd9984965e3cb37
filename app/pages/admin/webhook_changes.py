"""`/admin/webhooks`: create, change, enable, disable and delete a webhook, and test it."""

from collections.abc import Mapping
from datetime import timedelta

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import NEW, ConsoleRequest, get_console_request
from app.pages.admin.forms import parse_body
from app.pages.admin.object_acts import switch_forms
from app.pages.admin.object_forms import ActTexts, ObjectForm, delete_form, form_routers
from app.pages.admin.secret_forms import chosen_number, overlap_field, secret_page
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
OVERLAP = overlap_field(
    N_("Events are also signed with the current secret for"),
    N_("Time to give the receiver the new secret without an interruption."),
)


async def _create(request: ConsoleRequest, typed: Mapping[str, str]) -> Response:
    body = parse_body(request, WebhookBody, body_values(typed, is_enabled=True), FIELDS)
    new = await request.services.operations.webhooks.webhooks.create(
        body, authority=request.authority
    )
    return _secret_page(request, new)


async def _save(request: WebhookRequest, typed: Mapping[str, str]) -> Response:
    await _change(request, typed, is_enabled=request.webhook.is_enabled)
    return redirect(f"{request.url}?done=saved")


async def _set_disabled(request: WebhookRequest, *, disabled: bool) -> None:
    await _change(request, stored_values(request.webhook), is_enabled=not disabled)


async def _change(request: WebhookRequest, values: Mapping[str, str], *, is_enabled: bool) -> None:
    webhook = request.webhook
    body = parse_body(request, WebhookBody, body_values(values, is_enabled=is_enabled), FIELDS)
    await request.services.operations.webhooks.webhooks.change(
        webhook.webhook_id, body, version=webhook.version, authority=request.authority
    )


async def _rotate_secret(request: WebhookRequest, typed: Mapping[str, str]) -> Response:
    overlap = chosen_number(request, OVERLAP, typed)
    new = await request.services.operations.webhooks.webhooks.rotate_secret(
        request.webhook.webhook_id,
        overlap=timedelta(seconds=overlap),
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


async def _delete(request: WebhookRequest) -> None:
    await request.services.operations.webhooks.webhooks.delete(
        request.webhook.webhook_id, version=request.webhook.version, authority=request.authority
    )


def _secret_page(request: ConsoleRequest, new: NewSecret) -> Response:
    """Return the page that shows a new secret once."""
    text, webhook = request.text, new.webhook
    return secret_page(
        request,
        new.secret,
        of=shown_url(request, webhook),
        introduction=text("It is shown once. The receiver verifies signatures with it."),
        facts=[Fact(text("Webhook ID"), Cell(webhook.webhook_id, is_code=True))],
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
DISABLE, ENABLE = switch_forms(
    f"{PATH}/{{webhook_id}}",
    get_webhook_request,
    _set_disabled,
    disable=ActTexts(
        N_("Disable this webhook?"),
        N_("Events that occur while it is disabled are never delivered."),
        N_("Disable webhook"),
    ),
    enable=ActTexts(
        N_("Enable this webhook?"),
        N_("It receives the events that occur from now on."),
        N_("Enable webhook"),
    ),
    is_versioned=True,
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
    introduction=N_("An event of the type webhook.test is sent immediately."),
    submit=N_("Send test event"),
    needs_fresh_sign_in=False,
    run=_test,
)
DELETE = delete_form(
    f"{PATH}/{{webhook_id}}",
    get_webhook_request,
    _delete,
    ActTexts(
        N_("Delete this webhook?"),
        N_("Its pending events won't be delivered."),
        N_("Delete webhook"),
    ),
)
routers = changes, dangerous = form_routers(CREATE, EDIT, DISABLE, ENABLE, SECRET, TEST, DELETE)
