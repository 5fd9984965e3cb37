"""`/admin/webhooks/{webhook_id}/deliveries`: events that are pending, delivered and given up."""

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from app.i18n.messages import N_
from app.models.operations.webhooks import DeliveryStatus, WebhookDelivery
from app.pages.admin.base import console_router
from app.pages.admin.paging import AFTER, PAGE_SIZE, pages_of
from app.pages.admin.views import Badge, Cell, Link, Listing, Part, Table, Tone
from app.pages.admin.webhook_forms import EVENT_LABELS, PATH, WebhookRequest, WebhookRequestDep

router = console_router()
routers = (router,)

FIRST = 10
"""How many deliveries the page of a webhook shows."""
STATES: Mapping[str, tuple[str, Tone]] = {
    DeliveryStatus.PENDING: (N_("pending"), "note"),
    DeliveryStatus.DELIVERED: (N_("delivered"), "good"),
    DeliveryStatus.FAILED: (N_("given up"), "bad"),
}


async def part_of_deliveries(request: WebhookRequest) -> Part:
    """Return the newest deliveries, for the page of the webhook."""
    text, deliveries = request.text, await _deliveries(request, limit=FIRST + 1)
    has_more = len(deliveries) > FIRST
    links = [Link(text("Show all deliveries"), f"{request.url}/deliveries")] if has_more else ()
    return Part(text("Deliveries"), _table(request, deliveries[:FIRST]), links=links)


@router.get(f"{PATH}/{{webhook_id}}/deliveries")
async def list_deliveries(request: WebhookRequestDep) -> Response:
    deliveries = await _deliveries(request, before=request.query(AFTER), limit=PAGE_SIZE + 1)
    shown, pager = pages_of(
        request, deliveries, position=lambda delivery: {AFTER: delivery.delivery_id}
    )
    listing = Listing(
        heading=request.text("Deliveries"),
        introduction=request.text(
            "Pending events, those delivered within a day, and those given up within five days."
        ),
        links=[Link(request.text("Back to the webhook"), request.url)],
        table=_table(request, shown),
        pager=pager,
    )
    return request.console_page("admin_list.html", listing=listing)


async def _deliveries(
    request: WebhookRequest, *, before: str = "", limit: int
) -> Sequence[WebhookDelivery]:
    return await request.services.operations.webhooks.webhooks.deliveries(
        request.webhook.webhook_id, before=before, limit=limit
    )


def _table(request: WebhookRequest, deliveries: Sequence[WebhookDelivery]) -> Table:
    text = request.text
    return Table(
        columns=[
            *(text("Event"), text("State"), text("When"), text("Attempts"), text("Next attempt")),
            text("Last error"),
        ],
        rows=[_row(request, each) for each in deliveries],
        empty=text(
            "Events appear here when they occur, with what the receiver answered. Send a test "
            "event to try the receiver now."
        ),
    )


def _row(request: WebhookRequest, delivery: WebhookDelivery) -> list[Cell]:
    text, (state, tone) = request.text, STATES[delivery.status]
    counted = text("%(count)s times") % {"count": delivery.count} if delivery.count > 1 else ""
    return [
        Cell(
            words=text(EVENT_LABELS.get(delivery.event_type, delivery.event_type)),
            small=delivery.event_type,
            badges=[Badge(counted)] if counted else (),
        ),
        Cell(badges=[Badge(text(state), tone)]),
        Cell(at=delivery.occurred_at),
        Cell(str(delivery.attempts)),
        Cell(at=delivery.next_attempt_at),
        Cell(delivery.last_error or ""),
    ]
