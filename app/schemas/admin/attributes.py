"""Definitions of attributes in the admin API."""

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.admin.listing import Listing
from app.schemas.attributes import AppliesTo, AttributeDefinitionBody, AttributeType, EditableBy
from app.schemas.groups import Description


class AttributeResource(BaseModel):
    name: str
    type: AttributeType
    applies_to: AppliesTo
    editable_by: EditableBy = Field(
        description="What a user can edit is never the source of a claim that others rely on."
    )
    description: str
    owner: str = Field(description="The file that made the definition, or `manual`.")


class AttributeList(Listing):
    items: list[AttributeResource]


class AttributeCreate(AttributeDefinitionBody):
    """An attribute to define. Its name and type cannot be changed later."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "department", "type": "string", "applies_to": "users"}]
        }
    )


class AttributePatch(BaseModel):
    """Changes of a definition (RFC 7396). Null resets a member to its default."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"applies_to": "both"}]}
    )

    applies_to: AppliesTo = Field(default_factory=lambda: "users")
    editable_by: EditableBy | None = Field(default_factory=lambda: None)
    description: Description | None = Field(default_factory=str)
