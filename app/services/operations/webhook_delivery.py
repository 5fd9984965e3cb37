"""Delivery of events to webhooks, with the retries of Standard Webhooks.

The rows are inserted in the transaction that numbers the audit events, so that no event is lost or
inserted twice. An event may still arrive twice if a worker stops before it stores the success;
`webhook-id` is then the same.
"""

import asyncio
import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from app.clock import Clock
from app.models.operations.webhooks import Webhook, WebhookDelivery
from app.observability.logging import logger
from app.repositories.operations.webhook_deliveries import WebhookDeliveryRepository
from app.repositories.operations.webhooks import WebhookRepository
from app.schemas.webhooks import WebhookPayload
from app.services.operations.audit import SYSTEM, AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.delivery import Delivery
from app.services.operations.webhook_sending import DeliveryError, WebhookSender

log = logger(__name__)

DELAYS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""Delays before each retry, and so for how long an attempt is reserved for one worker.

The last one repeats until `GIVES_UP_AFTER`.
"""
GIVES_UP_AFTER = timedelta(days=5)
"""From the event on; a webhook that fails for as long is disabled."""
RETAINED_FOR = timedelta(days=1)
RETAINED_AFTER_FAILURE = timedelta(days=5)
AT_ONCE = 40
AT_ONCE_OF_WEBHOOK = 4
LONGEST_ERROR = 300


class WebhookEventDelivery(Delivery[WebhookDelivery]):
    def __init__(
        self,
        *,
        webhook_repository: WebhookRepository,
        webhook_delivery_repository: WebhookDeliveryRepository,
        sender: WebhookSender,
        audit: AuditLog,
        clock: Clock,
        queued: asyncio.Event,
    ) -> None:
        super().__init__(
            clock,
            queued,
            what="events for webhooks",
            at_once=AT_ONCE,
            at_once_of_party=AT_ONCE_OF_WEBHOOK,
        )
        self._webhook_repository = webhook_repository
        self._webhook_delivery_repository = webhook_delivery_repository
        self._sender = sender
        self._audit = audit

    async def _list_due(
        self, *, now: datetime, limit: int, without: Collection[str]
    ) -> Sequence[WebhookDelivery]:
        return await self._webhook_delivery_repository.list_due(
            now=now, limit=limit, without=without
        )

    def _party(self, row: WebhookDelivery) -> str:
        return row.webhook_id

    async def _host(self, row: WebhookDelivery) -> str:
        webhook = await self._webhook_repository.find(row.webhook_id)
        return urlsplit(webhook.url).hostname or "" if webhook is not None else ""

    async def _try(self, row: WebhookDelivery) -> bool:
        now = self._clock.now()
        webhook = await self._webhook_repository.find(row.webhook_id)
        if webhook is None or not webhook.is_enabled:
            await self._webhook_delivery_repository.abandon(
                row, "the webhook is disabled", expires_at=now + RETAINED_AFTER_FAILURE
            )
            return False
        delay = DELAYS[min(row.attempts, len(DELAYS) - 1)]
        taken = await self._webhook_delivery_repository.take(row, next_attempt_at=now + delay)
        if taken is None:
            return False  # another worker was first
        try:
            await self._unless_stopping(
                lambda: self._sender.send(webhook, taken.delivery_id, payload_of(taken)),
                DeliveryError("the server is stopping"),
            )
        except DeliveryError as error:
            if not self._is_stopping:
                await self._store_failure(webhook, taken, error)
            return False
        now = self._clock.now()
        await self._webhook_delivery_repository.mark_delivered(
            taken, expires_at=now + RETAINED_FOR, now=now
        )
        return True

    async def _store_failure(
        self, webhook: Webhook, taken: WebhookDelivery, error: DeliveryError
    ) -> None:
        """Store a failed attempt, and disable a webhook that is gone or fails for too long."""
        now = self._clock.now()
        failing_since = await self._webhook_delivery_repository.mark_failed(
            taken,
            str(error)[:LONGEST_ERROR],
            gives_up=error.is_gone or now - taken.created_at >= GIVES_UP_AFTER,
            expires_at=now + RETAINED_AFTER_FAILURE,
            now=now,
        )
        log.warning("webhook %s did not receive an event: %s", webhook.webhook_id, error)
        if error.is_gone:
            await self.disable(webhook, "gone")
        elif failing_since is not None and now - failing_since >= GIVES_UP_AFTER:
            await self.disable(webhook, "failing")

    async def disable(self, webhook: Webhook, reason: str) -> None:
        """Disable a webhook; not if an administrator has changed it since it was read."""
        event = self._audit.event(
            ServerEvent.WEBHOOK_DISABLED,
            actor=SYSTEM,
            webhook_id=webhook.webhook_id,
            reason=reason,
            before={"is_enabled": True},
            after={"is_enabled": False},
        )
        disabled = replace(webhook, is_enabled=False)
        if await self._webhook_repository.change(webhook, disabled, event=event):
            log.warning("webhook %s is disabled: %s", webhook.webhook_id, reason)


def payload_of(delivery: WebhookDelivery) -> WebhookPayload:
    """Return the body of a delivery, which is the same in all attempts."""
    data = json.loads(delivery.data)
    if delivery.counted_for is not None:
        data["count"] = delivery.count
    return WebhookPayload(
        type=delivery.event_type, timestamp=delivery.occurred_at.isoformat(), data=data
    )
