"""Hosts in the admin API whose clients are refused."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.schemas.admin.listing import Listing


class BlockedHostResource(BaseModel):
    host: str = Field(description="The host of the `client_id` URLs.")
    blocked_at: datetime


class BlockedHostList(Listing):
    items: list[BlockedHostResource]
