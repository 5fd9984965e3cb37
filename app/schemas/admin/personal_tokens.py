"""Personal access tokens of users in the admin API."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.schemas.admin.listing import Listing


class PersonalTokenResource(BaseModel):
    """A personal access token. The token itself is never shown."""

    token_id: str
    name: str
    resource: str = Field(description="The identifier of the resource that the token is for.")
    scope: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class PersonalTokenList(Listing):
    items: list[PersonalTokenResource]
