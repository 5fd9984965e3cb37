"""Queries about events that are pending delivery to webhooks."""

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import func, literal, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.operations.webhooks import (
    IS_COUNTING,
    DeliveryStatus,
    WebhookDelivery,
    WebhookEvent,
    webhook_deliveries,
    webhooks,
)
from app.repositories.inserts import upsert, values_in
from app.security.tokens import new_ordered_identifier

delivery, webhook = webhook_deliveries.c, webhooks.c

COUNTED_FOR = timedelta(minutes=1)
"""How long events of an account are counted before they are delivered as one."""
PENDING_AT_MOST = timedelta(days=7)
"""After which a row is deleted in any case; delivery gives up before."""


async def queue_deliveries(
    connection: AsyncConnection, events: Sequence[WebhookEvent], *, now: datetime
) -> int:
    """Insert a delivery for each webhook that wants an event, in the transaction of its audit
    event; return how many.

    An event with `counted_for` increments the count of a delivery that has not been attempted yet.
    """
    if not events:
        return 0
    enabled = await connection.execute(
        select(webhook.webhook_id, webhook.event_types).where(webhook.is_enabled)
    )
    wanted = {row.webhook_id: row.event_types.split() for row in enabled}
    rows = [
        values_in(webhook_deliveries, _delivery_of(event, webhook_id, now))
        for event in events
        for webhook_id, event_types in wanted.items()
        if event.event_type in event_types
    ]
    if rows:
        statement = upsert(connection, webhook_deliveries)
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=[delivery.webhook_id, delivery.counted_for],
                index_where=text(IS_COUNTING),
                set_={"count": delivery.count + statement.excluded.count},
            ),
            rows,
        )
    return len(rows)


class WebhookDeliveryRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_due(
        self, *, now: datetime, limit: int, without: Collection[str] = ()
    ) -> Sequence[WebhookDelivery]:
        """Return rows that are ready for their next attempt, except for the webhooks in `without`.

        The first row of every webhook comes before the second row of any webhook.
        """
        rank = func.row_number().over(
            partition_by=delivery.webhook_id,
            order_by=(delivery.next_attempt_at, delivery.delivery_id),
        )
        return await self._database.find_all(
            select(webhook_deliveries)
            .where(delivery.next_attempt_at <= now, delivery.webhook_id.not_in(without))
            .order_by(rank, delivery.next_attempt_at)
            .limit(limit),
            value=WebhookDelivery,
        )

    async def list_page(
        self, webhook_id: str, *, before: str = "", limit: int = 100
    ) -> Sequence[WebhookDelivery]:
        """Return a page of the deliveries of a webhook, newest first, beginning after `before`."""
        conditions = [delivery.webhook_id == webhook_id]
        if before:
            conditions.append(delivery.delivery_id < before)
        return await self._database.find_all(
            select(webhook_deliveries)
            .where(*conditions)
            .order_by(delivery.delivery_id.desc())
            .limit(limit),
            value=WebhookDelivery,
        )

    async def take(
        self, found: WebhookDelivery, *, next_attempt_at: datetime
    ) -> WebhookDelivery | None:
        """Claim the next attempt for this caller; return None if another worker was first.

        The returned row has the final count.
        """
        rows = await self._database.change(
            update(webhook_deliveries)
            .where(
                delivery.delivery_id == found.delivery_id,
                delivery.attempts == found.attempts,
                delivery.status == DeliveryStatus.PENDING,
            )
            .values(attempts=found.attempts + 1, next_attempt_at=next_attempt_at)
            .returning(*webhook_deliveries.columns)
        )
        return WebhookDelivery(*tuple(rows[0])) if rows else None

    @retries_on_lock
    async def mark_delivered(
        self, taken: WebhookDelivery, *, expires_at: datetime, now: datetime
    ) -> None:
        """Store that a webhook received an event."""
        async with self._database.transaction() as connection:
            await connection.execute(
                update(webhook_deliveries)
                .where(delivery.delivery_id == taken.delivery_id)
                .values(
                    status=DeliveryStatus.DELIVERED,
                    next_attempt_at=None,
                    last_error=None,
                    expires_at=expires_at,
                )
            )
            await connection.execute(
                update(webhooks)
                .where(webhook.webhook_id == taken.webhook_id)
                .values(last_success_at=now, failing_since=None)
            )

    @retries_on_lock
    async def mark_failed(
        self,
        taken: WebhookDelivery,
        error: str,
        *,
        gives_up: bool,
        expires_at: datetime,
        now: datetime,
    ) -> datetime | None:
        """Store a failed attempt; return since when the webhook fails, or None if it is deleted.

        With `gives_up`, the delivery is not retried and its row expires.
        """
        ending = {
            "status": DeliveryStatus.FAILED,
            "next_attempt_at": None,
            "expires_at": expires_at,
        }
        async with self._database.transaction() as connection:
            await connection.execute(
                update(webhook_deliveries)
                .where(delivery.delivery_id == taken.delivery_id)
                .values({"last_error": error, **(ending if gives_up else {})})
            )
            result = await connection.execute(
                update(webhooks)
                .where(webhook.webhook_id == taken.webhook_id)
                .values(
                    failing_since=func.coalesce(
                        webhook.failing_since, literal(now, webhook.failing_since.type)
                    )
                )
                .returning(webhook.failing_since)
            )
            row = result.first()
        return row.failing_since if row is not None else None

    async def abandon(self, found: WebhookDelivery, error: str, *, expires_at: datetime) -> None:
        """Give up on a delivery without an attempt."""
        await self._database.change(
            update(webhook_deliveries)
            .where(delivery.delivery_id == found.delivery_id)
            .values(
                status=DeliveryStatus.FAILED,
                next_attempt_at=None,
                last_error=error,
                expires_at=expires_at,
            )
        )


def _delivery_of(event: WebhookEvent, webhook_id: str, now: datetime) -> WebhookDelivery:
    delivery = WebhookDelivery(
        delivery_id=f"msg_{new_ordered_identifier()}",
        webhook_id=webhook_id,
        event_type=event.event_type,
        occurred_at=event.occurred_at,
        data=json.dumps(event.data, sort_keys=True),
        counted_for=event.counted_for,
        count=1,
        status=DeliveryStatus.PENDING,
        attempts=0,
        next_attempt_at=now,
        last_error=None,
        created_at=now,
        expires_at=now + PENDING_AT_MOST,
    )
    if event.counted_for is None:
        return delivery
    return replace(delivery, next_attempt_at=now + COUNTED_FOR)
