"""`/admin/webhooks`: the list of webhooks, and one webhook with its deliveries."""

from collections.abc import Sequence

from starlette.responses import Response

from app.i18n.messages import N_
from app.models.operations.webhooks import Webhook
from app.pages.admin import webhook_changes, webhook_deliveries
from app.pages.admin.base import NEW, ConsoleRequest, ConsoleRequestDep, console_router
from app.pages.admin.navigation import Section
from app.pages.admin.pages import ConsolePage
from app.pages.admin.views import (
    Badge,
    Cell,
    Fact,
    Link,
    Listing,
    ObjectView,
    Part,
    Table,
    owner_cell,
)
from app.pages.admin.webhook_deliveries import part_of_deliveries
from app.pages.admin.webhook_forms import (
    EVENT_LABELS,
    PATH,
    PLACE,
    WebhookRequest,
    WebhookRequestDep,
    shown_url,
)
from app.schemas.admin_scopes import AdminScope
from app.services.operations.webhooks import MAXIMUM_WEBHOOKS

router = console_router()


@router.get(PATH)
async def list_webhooks(request: ConsoleRequestDep) -> Response:
    text = request.text
    webhooks = await request.services.operations.webhooks.webhooks.list_page(limit=MAXIMUM_WEBHOOKS)
    listing = Listing(
        heading=text("Webhooks"),
        introduction=text(
            "A webhook posts signed events to an address when users and groups change."
        ),
        links=request.offered(Link(text("Create a webhook"), f"{PATH}/{NEW}", is_main=True)),
        table=Table(
            columns=[text("URL"), text("State"), text("Events"), text("Last success")],
            rows=[_row(request, each) for each in webhooks],
            empty=text(
                "Webhooks appear here. Create one, so that another system, such as your CRM, "
                "learns immediately when a user is created, disabled or deleted."
            ),
        ),
    )
    return request.console_page("admin_list.html", listing=listing)


@router.get(f"{PATH}/{{webhook_id}}")
async def show_webhook(request: WebhookRequestDep) -> Response:
    text, webhook = request.text, request.webhook
    view = ObjectView(
        title=request.shown_name,
        back=Link(text("Webhooks"), PATH),
        badges=_badges(request, webhook),
        links=_links(request),
        facts=[
            Fact(text("Description"), Cell(webhook.description, words=text("None"))),
            Fact(text("Last success"), Cell(at=webhook.last_success_at, words=text("Never"))),
            Fact(text("Failing since"), Cell(at=webhook.failing_since, words=text("Not failing"))),
            *_secret_facts(request),
            Fact(text("Webhook ID"), Cell(webhook.webhook_id, is_code=True)),
            Fact(text("Managed by"), owner_cell(webhook.owner, text("Administrators"))),
            Fact(text("Created"), Cell(at=webhook.created_at)),
        ],
        parts=[await part_of_deliveries(request), _part_of_events(request)],
    )
    return request.console_page("admin_object.html", object=view)


def _row(request: ConsoleRequest, webhook: Webhook) -> list[Cell]:
    return [
        Cell(
            shown_url(request, webhook),
            url=f"{PATH}/{webhook.webhook_id}",
            small=webhook.description,
        ),
        Cell(badges=_badges(request, webhook)),
        Cell(str(len(webhook.event_types.split()))),
        Cell(at=webhook.last_success_at, words=request.text("Never")),
    ]


def _badges(request: ConsoleRequest, webhook: Webhook) -> Sequence[Badge]:
    if not webhook.is_enabled:
        return [Badge(request.text("disabled"), "bad")]
    if webhook.failing_since is not None:
        return [Badge(request.text("failing"), "bad")]
    return [Badge(request.text("enabled"), "good")]


def _links(request: WebhookRequest) -> Sequence[Link]:
    text, url = request.text, request.url
    switch = (
        Link(text("Disable"), f"{url}/disable", is_danger=True)
        if request.webhook.is_enabled
        else Link(text("Enable"), f"{url}/enable")
    )
    return request.offered(
        Link(text("Edit"), f"{url}/edit"),
        Link(text("Send a test event"), f"{url}/test"),
        Link(text("Replace secret"), f"{url}/secret"),
        switch,
        Link(text("Delete"), f"{url}/delete", is_danger=True),
    )


def _secret_facts(request: WebhookRequest) -> Sequence[Fact]:
    ends_at = request.webhook.previous_secret_expires_at
    if ends_at is None or ends_at <= request.services.core.clock.now():
        return ()
    return [Fact(request.text("Previous secret valid until"), Cell(at=ends_at))]


def _part_of_events(request: WebhookRequest) -> Part:
    text = request.text
    return Part(
        text("Events"),
        Table(
            columns=[text("Event"), text("Type")],
            rows=[
                [Cell(words=text(EVENT_LABELS.get(each, each))), Cell(each, is_code=True)]
                for each in request.webhook.event_types.split()
            ],
            empty="",
        ),
    )


PAGE = ConsolePage(
    place=PLACE,
    label=N_("Webhooks"),
    section=Section.SERVER,
    scope=AdminScope.WEBHOOKS_READ,
    routers=(*webhook_changes.routers, *webhook_deliveries.routers, router),
)
