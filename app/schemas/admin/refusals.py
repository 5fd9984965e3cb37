"""Refused requests in the admin API."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.schemas.admin.listing import Listing


class RefusalResource(BaseModel):
    request_id: str
    at: datetime
    method: str
    path: str
    status: int
    error: str
    reason: str
    client_id: str | None
    user_id: str | None
    network: str
    count: int = Field(description="How many refusals of the same reason and network it is for.")
    rule: str
    explanation: str
    advice: str = Field(description="How to fix it.")


class RefusalList(Listing):
    items: list[RefusalResource]
