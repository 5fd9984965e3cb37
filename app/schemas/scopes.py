"""Scopes as administrators state them."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.schemas.client_policies import ScopeName
from app.schemas.property_names import names_as_rule
from app.schemas.text import Name

MAXIMUM_TRANSLATIONS = 50

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]


class ScopeBody(BaseModel):
    """A scope of the catalogue. A client can have it once it has registered it."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"name": "reports", "description": "Read your reports"}]},
    )

    name: ScopeName
    description: Name = Field(description="What the consent page says about the scope.")
    translations: Annotated[
        Mapping[Language, Name],
        Field(max_length=MAXIMUM_TRANSLATIONS, json_schema_extra=names_as_rule),
    ] = Field(default_factory=dict, description="The description in other languages.")
