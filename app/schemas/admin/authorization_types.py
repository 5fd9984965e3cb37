"""Types of authorization details in the admin API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.admin.listing import Listing
from app.schemas.admin.scopes import ChangedTranslations
from app.schemas.authorization_types import MAXIMUM_RESOURCES
from app.schemas.resources import MAXIMUM_CLIENTS, ClientId, ShortName
from app.schemas.text import Name


class AuthorizationTypeResource(BaseModel):
    """A type of authorization details."""

    name: str
    json_schema: dict[str, Any]
    description: str
    translations: dict[str, str]
    is_open_to_all_clients: bool
    clients: list[str]
    resources: list[str]
    owner: str = Field(description="The file that made the type, or `manual`.")
    created_at: datetime


class AuthorizationTypeList(Listing):
    items: list[AuthorizationTypeResource]


class AuthorizationTypePatch(BaseModel):
    """Changes of a type (RFC 7396). Null removes a translation; a list is replaced."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"translations": {"de": "{amount} {currency} zahlen"}}]},
    )

    json_schema: Mapping[str, Any] = Field(
        default_factory=dict, description="Merged into the schema: null removes a member of it."
    )
    description: Name = Field(default_factory=str)
    translations: ChangedTranslations | None = None
    is_open_to_all_clients: bool = Field(default_factory=bool)
    clients: Annotated[tuple[ClientId, ...], Field(max_length=MAXIMUM_CLIENTS)] | None = None
    resources: Annotated[tuple[ShortName, ...], Field(max_length=MAXIMUM_RESOURCES)] | None = None
