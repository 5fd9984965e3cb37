"""Typed attributes of users and groups: their definitions, and the values of users."""

from dataclasses import dataclass

from sqlalchemy import Column, Integer, String, Table, Text

from app.models.tables import metadata

attribute_definitions = Table(
    "attribute_definitions",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("type", String(10), nullable=False),
    Column("applies_to", String(10), nullable=False),
    Column("editable_by", String(15), nullable=False),
    Column("description", Text, nullable=False),
    Column("owner", String(64), nullable=False),
    Column("version", Integer, nullable=False),
)

user_attributes = Table(
    "user_attributes",
    metadata,
    Column("user_id", String(32), primary_key=True),
    Column("attributes", Text, nullable=False),
    Column("own_attributes", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class AttributeDefinition:
    """The declaration of an attribute.

    `type` is `string`, `number`, `boolean` or `list` (of strings), `applies_to` is `users`,
    `groups` or `both`, and `editable_by` is `user` or `administrator`.
    """

    name: str
    type: str
    applies_to: str
    editable_by: str
    description: str
    owner: str
    version: int

    @property
    def is_editable_by_users(self) -> bool:
        """Whether users edit their own values, for which nobody vouches."""
        return self.editable_by == "user"


@dataclass(frozen=True, slots=True)
class UserAttributes:
    """The values of a user's attributes, as JSON objects.

    `attributes` were set by administrators, `own_attributes` by the user. They are separate, so
    that a value the user wrote is never mistaken for one that an administrator vouches for, even
    if the definition changes later.
    """

    user_id: str
    attributes: str
    own_attributes: str
