"""Initial access tokens in the admin API."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.schemas.admin.listing import Listing

MAXIMUM_SECONDS = 3650 * 86_400


class InitialAccessTokenResource(BaseModel):
    token_id: str = Field(description="Identifies the token, and is of no other use.")
    label: str
    created_at: datetime
    expires_at: datetime


class InitialAccessTokenList(Listing):
    items: list[InitialAccessTokenResource]


class InitialAccessTokenCreate(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"label": "Partner", "expires_in": 86_400}]}
    )

    label: Annotated[str, StringConstraints(max_length=200)] = Field(
        default="", description="A note, such as who the token is for."
    )
    expires_in: int = Field(default=7 * 86_400, ge=1, le=MAXIMUM_SECONDS, description="Seconds.")


class InitialAccessTokenCreated(InitialAccessTokenResource):
    initial_access_token: str = Field(description="Shown only here.")
