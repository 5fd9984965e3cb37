"""Sessions of users in the admin API."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.schemas.admin.listing import Listing


class SessionResource(BaseModel):
    session_id: str
    user_id: str
    user_agent: str
    address: str
    methods: list[str] = Field(description="How the user signed in (RFC 8176).")
    auth_time: datetime
    last_seen_at: datetime
    expires_at: datetime


class SessionList(Listing):
    items: list[SessionResource]
