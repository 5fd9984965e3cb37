"""Webhooks of administrators, and the events that are pending delivery to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from app.database.types import Instant
from app.models.tables import metadata

IS_COUNTING = "attempts = 0 AND counted_for IS NOT NULL"
"""Condition of a delivery whose count may still grow."""

webhooks = Table(
    "webhooks",
    metadata,
    Column("webhook_id", String(32), primary_key=True),
    Column("url", String(2000), nullable=False),
    Column("description", Text, nullable=False),
    Column("event_types", Text, nullable=False),
    Column("sealed_secrets", LargeBinary, nullable=False),
    Column("previous_secret_expires_at", Instant),
    Column("is_enabled", Boolean, nullable=False),
    Column("owner", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_success_at", Instant),
    Column("failing_since", Instant),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("delivery_id", String(40), primary_key=True),
    Column("webhook_id", String(32), nullable=False),
    Column("event_type", String(40), nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("data", Text, nullable=False),
    Column("counted_for", String(32)),
    Column("count", Integer, nullable=False),
    Column("status", String(10), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Instant, index=True),
    Column("last_error", String(300)),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Index("ix_webhook_deliveries_webhook_id", "webhook_id", "delivery_id"),
    Index(
        "ix_webhook_deliveries_counted_for",
        "webhook_id",
        "counted_for",
        unique=True,
        sqlite_where=text(IS_COUNTING),
        postgresql_where=text(IS_COUNTING),
    ),
)


class DeliveryStatus(StrEnum):
    """State of a delivery. `failed` is final: it is not retried."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A URL that receives events.

    `event_types` are names separated by spaces. `sealed_secrets` is a JSON list of the current
    secret and, after a rotation, of the previous one, encrypted with `webhook_id` as the context.
    `failing_since` is the time of the first failed attempt since the last successful one. `version`
    grows with every change of an administrator.
    """

    webhook_id: str
    url: str
    description: str
    event_types: str
    sealed_secrets: bytes
    previous_secret_expires_at: datetime | None
    is_enabled: bool
    owner: str
    version: int
    created_at: datetime
    last_success_at: datetime | None
    failing_since: datetime | None


class WebhookEvent(NamedTuple):
    """An event for the webhooks that want its type.

    `counted_for` is the account whose events of this type are counted into one delivery a minute;
    None for events that are delivered one by one. It is "" for accounts that do not exist.
    """

    event_type: str
    occurred_at: datetime
    data: Mapping[str, Any]
    counted_for: str | None = None


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """An event for one webhook, and the attempts to deliver it.

    `delivery_id` is the same in all attempts. `data` is a JSON object. `count` grows until the
    first attempt if the delivery has `counted_for`. Without `next_attempt_at` it is not retried.
    """

    delivery_id: str
    webhook_id: str
    event_type: str
    occurred_at: datetime
    data: str
    counted_for: str | None
    count: int
    status: str
    attempts: int
    next_attempt_at: datetime | None
    last_error: str | None
    created_at: datetime
    expires_at: datetime
