"""The webhook that a page is about, and the fields of its forms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends

from app.i18n.messages import N_
from app.models.operations.webhooks import Webhook
from app.observability.refusals import shown_uri
from app.pages.admin.base import ConsoleRequest, ConsoleRequestDep
from app.pages.admin.forms import Field, Option
from app.pages.admin.navigation import url_of
from app.pages.admin.object_forms import ObjectRequest
from app.schemas.admin_scopes import AdminScope
from app.schemas.webhooks import TEST_EVENT, WebhookEventType

PLACE = "webhooks"
PATH = url_of(PLACE)
EVENT_LABELS: Mapping[str, str] = {
    WebhookEventType.USER_CREATED: N_("User created"),
    WebhookEventType.USER_CHANGED: N_("User changed"),
    WebhookEventType.USER_DISABLED: N_("User disabled"),
    WebhookEventType.USER_ENABLED: N_("User enabled"),
    WebhookEventType.USER_DELETED: N_("User deleted"),
    WebhookEventType.GROUP_CREATED: N_("Group created"),
    WebhookEventType.GROUP_CHANGED: N_("Group changed"),
    WebhookEventType.GROUP_DELETED: N_("Group deleted"),
    WebhookEventType.GROUP_MEMBER_ADDED: N_("Group member added"),
    WebhookEventType.GROUP_MEMBER_REMOVED: N_("Group member removed"),
    WebhookEventType.SIGN_IN_REFUSED: N_("Sign-in refused"),
    TEST_EVENT: N_("Test event"),
}
URL = Field(
    "url",
    N_("URL"),
    hint=N_("An https address that events are posted to. It must be public."),
    wrong=N_("Enter an address of at most 2,000 characters that begins with https://."),
    is_required=True,
    maximum=2000,
)
DESCRIPTION = Field(
    "description", N_("Description"), wrong=N_("Enter at most 1,000 characters."), maximum=1000
)
EVENT_TYPES = Field(
    "event_types",
    N_("Events"),
    wrong=N_("Choose at least one event."),
    kind="checks",
    options=[Option(each.value, EVENT_LABELS[each]) for each in WebhookEventType],
    is_required=True,
)
FIELDS = (URL, DESCRIPTION, EVENT_TYPES)


@dataclass(frozen=True, slots=True)
class WebhookRequest(ObjectRequest):
    """A request for a page about one webhook."""

    webhook: Webhook

    @property
    def url(self) -> str:
        return f"{PATH}/{self.webhook.webhook_id}"

    @property
    def shown_name(self) -> str:
        return shown_url(self, self.webhook)

    @property
    def version(self) -> str:
        return str(self.webhook.version)


async def get_webhook_request(request: ConsoleRequestDep, webhook_id: str) -> WebhookRequest:
    """Return the request with its webhook; raise `NotFoundError` if it is unknown."""
    webhook = await request.services.operations.webhooks.webhooks.get(webhook_id)
    return WebhookRequest(
        request.browser, request.fields, request.signed_in, request.authority, webhook
    )


WebhookRequestDep = Annotated[WebhookRequest, Depends(get_webhook_request)]


def shown_url(request: ConsoleRequest, webhook: Webhook) -> str:
    """Return the URL of a webhook; a reader does not see its query, which may hold a secret."""
    sees_all = request.authority.has(AdminScope.WEBHOOKS_WRITE)
    return webhook.url if sees_all else shown_uri(webhook.url)


def stored_values(webhook: Webhook) -> dict[str, str]:
    """Return the values of the form."""
    return {field.name: getattr(webhook, field.name) for field in FIELDS}


def body_values(typed: Mapping[str, str], *, is_enabled: bool) -> dict[str, Any]:
    """Return the values of a body."""
    event_types = typed[EVENT_TYPES.name].split()
    return {**typed, EVENT_TYPES.name: event_types, "is_enabled": is_enabled}
