"""Events of the audit log in the admin API."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from app.schemas.admin.listing import Listing


class AuditEventResource(BaseModel):
    sequence: int | None = Field(description="The number in the chain; null until it has one.")
    at: datetime
    action: str
    outcome: str
    actor: str
    user_id: str | None
    client_id: str | None
    address: str
    request_id: str
    details: Any = Field(description="What changed, without secrets.")
    previous_hash: str
    hash: str


class AuditEventList(Listing):
    """A page of events. The first one can have more than `limit`: it begins with all events that
    have no number yet."""

    items: list[AuditEventResource]
