"""Settings in force in the admin API."""

from pydantic import BaseModel, Field

from app.schemas.admin.listing import Listing


class SettingResource(BaseModel):
    """A setting as it is in force, without a secret."""

    name: str = Field(examples=["ACCESS_TOKEN_TTL"])
    group: str
    description: str
    value: str | None = Field(
        description="As it is written in the environment; null if it is not set, and for a secret."
        " Passwords in URLs are `***`."
    )
    is_secret: bool
    is_set: bool
    is_default: bool = Field(description="Whether the server would do the same without it.")


class SettingList(Listing):
    items: list[SettingResource]
