"""`postern webhooks …`: manage the URLs that receive events."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.base import with_services
from app.cli.bodies import parse_body
from app.cli.listing import first_rows, pages_of, print_pages
from app.cli.output import show_one
from app.cli.parameters import (
    AsJson,
    IsConfirmed,
    Limit,
    argument,
    flag,
    option,
    require_confirmation,
    whole_number,
)
from app.cli.parsing import Commands
from app.cli.rows import Row
from app.cli.webhook_rows import row_of_delivery, row_of_webhook
from app.errors import InvalidInputError
from app.schemas.webhooks import WebhookEventType
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.wiring import Services

FAILED = 1
DAY = 86_400
WebhookId = Annotated[str, argument(metavar="WEBHOOK_ID")]
EventTypes = Annotated[
    list[str] | None,
    option(
        "--event-type",
        metavar="TYPE",
        autocompletion=lambda: list(WebhookEventType),
        help=f"A type of event to send: {', '.join(WebhookEventType)}. Can be repeated.",
    ),
]

cli = Commands("webhooks", help="Manage webhooks, which receive signed events.")


@cli.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """List webhooks."""

    async def pages(services: "Services") -> AsyncIterator[list[Row]]:
        webhooks = services.operations.webhooks.webhooks
        async for page in pages_of(
            lambda after: webhooks.list_page(after=after), lambda webhook: webhook.webhook_id
        ):
            yield [row_of_webhook(webhook) for webhook in page]

    print_pages(pages, as_json=as_json)


@cli.command("show")
def show(webhook_id: WebhookId, *, as_json: AsJson = False) -> None:
    """Show a webhook."""

    async def read(services: "Services") -> Row:
        return row_of_webhook(await services.operations.webhooks.webhooks.get(webhook_id))

    show_one(with_services(read), as_json=as_json)


@cli.command("create")
def create(
    url: Annotated[str, argument(metavar="URL", help="An https URL.")],
    *,
    event_type: EventTypes = None,
    description: Annotated[str, option("--description")] = "",
    as_json: AsJson = False,
) -> None:
    """Create a webhook and print its secret, which is not shown again.

    Without --event-type, it receives events of all types.
    """

    async def add(services: "Services") -> Row:
        from app.schemas.webhooks import WebhookBody

        values = {
            "url": url,
            "description": description,
            "event_types": event_type or list(WebhookEventType),
        }
        created = await services.operations.webhooks.webhooks.create(
            parse_body(WebhookBody, values), authority=FULL
        )
        return {**row_of_webhook(created.webhook), "secret": created.secret}

    show_one(with_services(add), as_json=as_json)


@cli.command("set")
def change(
    webhook_id: WebhookId,
    *,
    url: Annotated[str | None, option("--url")] = None,
    event_type: EventTypes = None,
    description: Annotated[str | None, option("--description")] = None,
    enable: Annotated[bool, flag("--enable", help="Deliver events from now on.")] = False,
    disable: Annotated[bool, flag("--disable", help="Deliver no events.")] = False,
    as_json: AsJson = False,
) -> None:
    """Change a webhook. --event-type replaces all its types."""
    if enable and disable:
        raise InvalidInputError("Use either --enable or --disable.")
    stated: dict[str, Any] = {
        "url": url,
        "event_types": event_type or None,
        "description": description,
        "is_enabled": enable if enable or disable else None,
    }
    changes = {name: value for name, value in stated.items() if value is not None}
    if not changes:
        raise InvalidInputError("Nothing to set. See postern webhooks set --help.")

    async def store(services: "Services") -> Row:
        from app.schemas.webhooks import WebhookBody

        webhooks = services.operations.webhooks.webhooks
        webhook = await webhooks.get(webhook_id)
        values = {
            "url": webhook.url,
            "event_types": webhook.event_types.split(),
            "description": webhook.description,
            "is_enabled": webhook.is_enabled,
        }
        body = parse_body(WebhookBody, {**values, **changes})
        changed = await webhooks.change(webhook_id, body, version=webhook.version, authority=FULL)
        return row_of_webhook(changed)

    show_one(with_services(store), as_json=as_json)


@cli.command("delete")
def delete(
    webhook_id: WebhookId, *, is_confirmed: IsConfirmed = False, as_json: AsJson = False
) -> None:
    """Delete a webhook and what is pending for it."""
    require_confirmation("a webhook", is_confirmed=is_confirmed)

    async def remove(services: "Services") -> Row:
        await services.operations.webhooks.webhooks.delete(webhook_id, authority=FULL)
        return {"deleted": webhook_id}

    show_one(with_services(remove), as_json=as_json)


@cli.command("rotate-secret")
def rotate_secret(
    webhook_id: WebhookId,
    *,
    overlap: Annotated[
        int,
        option(
            "--overlap",
            **{**whole_number(), "metavar": "SECONDS"},
            help="How long events are signed with the current secret, too. The default is a day.",
        ),
    ] = DAY,
    as_json: AsJson = False,
) -> None:
    """Print a new secret, which is not shown again."""
    if not 0 <= overlap <= 30 * DAY:
        raise InvalidInputError(f"--overlap must be between 0 and {30 * DAY} seconds.")

    async def replace(services: "Services") -> Row:
        rotated = await services.operations.webhooks.webhooks.rotate_secret(
            webhook_id, overlap=timedelta(seconds=overlap), authority=FULL
        )
        return {"webhook_id": webhook_id, "secret": rotated.secret, "overlap": overlap}

    show_one(with_services(replace), as_json=as_json)


@cli.command("test")
def send_test(webhook_id: WebhookId, *, as_json: AsJson = False) -> int:
    """Send an event of type webhook.test now. The exit code is 1 if it is not accepted."""

    async def send(services: "Services") -> str | None:
        return await services.operations.webhooks.webhooks.test(webhook_id, authority=FULL)

    error = with_services(send)
    row: Row = {"webhook_id": webhook_id, "delivered": error is None, "error": error}
    show_one(row, as_json=as_json)
    return FAILED if error is not None else 0


@cli.command("deliveries")
def deliveries(
    webhook_id: WebhookId,
    *,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List the deliveries to a webhook, newest first: pending ones and those of the last days."""

    async def pages(services: "Services") -> AsyncIterator[list[Row]]:
        webhooks = services.operations.webhooks.webhooks
        webhook = await webhooks.get(webhook_id)
        async for page in pages_of(
            lambda before: webhooks.deliveries(webhook.webhook_id, before=before),
            lambda delivery: delivery.delivery_id,
        ):
            yield [row_of_delivery(delivery) for delivery in page]

    print_pages(first_rows(pages, limit), as_json=as_json)
