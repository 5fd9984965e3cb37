"""Rows that describe webhooks and their deliveries."""

from datetime import datetime
from typing import TYPE_CHECKING

from app.cli.rows import Row

if TYPE_CHECKING:
    from app.models.operations.webhooks import Webhook, WebhookDelivery


def row_of_webhook(webhook: "Webhook") -> Row:
    return {
        "webhook_id": webhook.webhook_id,
        "url": webhook.url,
        "description": webhook.description,
        "event_types": webhook.event_types.split(),
        "is_enabled": webhook.is_enabled,
        "owner": webhook.owner,
        "version": webhook.version,
        "created_at": _moment(webhook.created_at),
        "last_success_at": _moment(webhook.last_success_at),
        "failing_since": _moment(webhook.failing_since),
        "previous_secret_expires_at": _moment(webhook.previous_secret_expires_at),
    }


def row_of_delivery(delivery: "WebhookDelivery") -> Row:
    return {
        "delivery_id": delivery.delivery_id,
        "event_type": delivery.event_type,
        "occurred_at": _moment(delivery.occurred_at),
        "count": delivery.count,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "next_attempt_at": _moment(delivery.next_attempt_at),
        "last_error": delivery.last_error,
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at is not None else None
