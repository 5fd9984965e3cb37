"""Scopes of the catalogue in the admin API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.admin.listing import Listing
from app.schemas.property_names import names_as_rule
from app.schemas.scopes import MAXIMUM_TRANSLATIONS, Language
from app.schemas.text import Name

ChangedTranslations = Annotated[
    Mapping[Language, Name | None],
    Field(max_length=MAXIMUM_TRANSLATIONS, json_schema_extra=names_as_rule),
]


class ScopeResource(BaseModel):
    name: str
    description: str
    translations: dict[str, str]
    owner: str = Field(description="The file that made the scope, or `manual`.")
    created_at: datetime


class ScopeList(Listing):
    items: list[ScopeResource]


class ScopePatch(BaseModel):
    """Changes of the texts of a scope (RFC 7396). Null removes a translation."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"translations": {"de": "Deine Berichte lesen"}}]},
    )

    description: Name = Field(default_factory=str)
    translations: ChangedTranslations | None = None
