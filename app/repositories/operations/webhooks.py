"""Queries about webhooks."""

from collections.abc import Sequence

from sqlalchemy import delete, func, insert, select, update

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.operations.audit_outbox import NewEvent
from app.models.operations.webhooks import Webhook, webhook_deliveries, webhooks
from app.repositories.inserts import values_in
from app.repositories.operations.audit_outbox import write_events

webhook, delivery = webhooks.c, webhook_deliveries.c
STATED = (
    webhook.url,
    webhook.description,
    webhook.event_types,
    webhook.sealed_secrets,
    webhook.previous_secret_expires_at,
    webhook.is_enabled,
    webhook.owner,
    webhook.failing_since,
)
"""What an administrator changes. Deliveries set the other columns."""


class WebhookRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def add(self, new: Webhook, *, at_most: int, event: NewEvent) -> bool:
        """Store a webhook; return False if there are `at_most` already."""
        async with self._database.transaction() as connection:
            if (
                await connection.scalar(select(func.count()).select_from(webhooks)) or 0
            ) >= at_most:
                return False
            await connection.execute(insert(webhooks).values(values_in(webhooks, new)))
            await write_events(connection, event)
        return True

    @retries_on_lock
    async def change(self, before: Webhook, after: Webhook, *, event: NewEvent) -> bool:
        """Replace `before` with `after`; return False if it was changed or deleted meanwhile.

        What is the same in both is not written: the secrets may be resealed meanwhile.
        """
        values = {
            name: getattr(after, name)
            for name in (column.name for column in STATED)
            if getattr(after, name) != getattr(before, name)
        }
        statement = (
            update(webhooks)
            .where(webhook.webhook_id == before.webhook_id, webhook.version == before.version)
            .values({**values, "version": before.version + 1})
            .returning(webhook.webhook_id)
        )
        async with self._database.transaction() as connection:
            if (await connection.execute(statement)).first() is None:
                return False
            await write_events(connection, event)
        return True

    @retries_on_lock
    async def delete(self, before: Webhook, *, event: NewEvent) -> bool:
        """Delete a webhook with its deliveries; return False if it was changed meanwhile."""
        statement = (
            delete(webhooks)
            .where(webhook.webhook_id == before.webhook_id, webhook.version == before.version)
            .returning(webhook.webhook_id)
        )
        async with self._database.transaction() as connection:
            if (await connection.execute(statement)).first() is None:
                return False
            await connection.execute(
                delete(webhook_deliveries).where(delivery.webhook_id == before.webhook_id)
            )
            await write_events(connection, event)
        return True

    async def find(self, webhook_id: str) -> Webhook | None:
        return await self._database.find_one(
            select(webhooks).where(webhook.webhook_id == webhook_id), value=Webhook
        )

    async def list_page(self, *, after: str = "", limit: int = 100) -> Sequence[Webhook]:
        """Return a page of webhooks, ordered by `webhook_id`, beginning after `after`."""
        return await self._database.find_all(
            select(webhooks)
            .where(webhook.webhook_id > after)
            .order_by(webhook.webhook_id)
            .limit(limit),
            value=Webhook,
        )
