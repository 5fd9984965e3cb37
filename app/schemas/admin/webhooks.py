"""Webhooks in the admin API."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.admin.listing import Listing
from app.schemas.groups import Description
from app.schemas.webhooks import WebhookEventType

DAY_SECONDS = 86_400


class WebhookResource(BaseModel):
    webhook_id: str
    url: str = Field(description="Without its query for a caller who may only read webhooks.")
    description: str
    event_types: list[str]
    is_enabled: bool
    owner: str = Field(description="The file that made the webhook, or `manual`.")
    created_at: datetime
    last_success_at: datetime | None
    failing_since: datetime | None
    previous_secret_expires_at: datetime | None


class WebhookWithSecret(WebhookResource):
    secret: str = Field(description="The secret of the signatures, shown only here.")


class WebhookList(Listing):
    items: list[WebhookResource]


class WebhookPatch(BaseModel):
    """Changes of a webhook (RFC 7396)."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"is_enabled": False}]}
    )

    url: str = Field(default_factory=str, min_length=1, max_length=2000)
    description: Description | None = None
    event_types: list[WebhookEventType] = Field(default_factory=list, min_length=1)
    is_enabled: bool | None = None


class WebhookSecretCreate(BaseModel):
    """A new secret, while events are signed with the current one, too, for `overlap` seconds."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"overlap": 3600}]})

    overlap: int = Field(default=DAY_SECONDS, ge=0, le=30 * DAY_SECONDS, description="Seconds.")


class WebhookTest(BaseModel):
    delivered: bool
    error: str | None = Field(description="Why the receiver did not accept the event.")


class WebhookDeliveryResource(BaseModel):
    delivery_id: str
    event_type: str
    occurred_at: datetime
    count: int
    status: str
    attempts: int
    next_attempt_at: datetime | None
    last_error: str | None


class WebhookDeliveryList(Listing):
    items: list[WebhookDeliveryResource]
