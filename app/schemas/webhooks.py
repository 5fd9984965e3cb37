"""Webhooks as administrators state them, and what their receivers get."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from app.schemas.groups import Description


class WebhookEventType(StrEnum):
    """A type of event that a webhook can receive. The values are stored: never change one."""

    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    USER_DELETED = "user.deleted"
    GROUP_CREATED = "group.created"
    GROUP_CHANGED = "group.changed"
    GROUP_DELETED = "group.deleted"
    GROUP_MEMBER_ADDED = "group.member_added"
    GROUP_MEMBER_REMOVED = "group.member_removed"
    SIGN_IN_REFUSED = "sign_in.refused"


TEST_EVENT = "webhook.test"
"""Type of the event that an administrator sends to try a webhook."""


def _in_order(event_types: tuple[WebhookEventType, ...]) -> tuple[WebhookEventType, ...]:
    return tuple(each for each in WebhookEventType if each in event_types)


class WebhookBody(BaseModel):
    """A webhook. Its receiver verifies the signatures of Standard Webhooks."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [{"url": "https://crm.example.com/events", "event_types": ["user.created"]}]
        },
    )

    url: Annotated[str, StringConstraints(min_length=1, max_length=2000)] = Field(
        description="The https URL that events are posted to."
    )
    description: Description = ""
    event_types: Annotated[
        tuple[WebhookEventType, ...], Field(min_length=1), AfterValidator(_in_order)
    ]
    is_enabled: bool = True


class WebhookPayload(BaseModel):
    """The body of a delivery (Standard Webhooks)."""

    model_config = ConfigDict(frozen=True)

    type: str
    timestamp: str = Field(description="When the event occurred, in ISO 8601.")
    data: dict[str, Any]
