"""Groups and roles as administrators state them."""

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from app.schemas.attributes import AttributeName, AttributeValue
from app.schemas.characters import ONLY_LINE_BREAKS
from app.schemas.client_policies import SecondFactorPolicy
from app.schemas.text import Name

MAXIMUM_NAME = 128


def _short_key(value: str) -> str:
    if len(group_key(value)) > MAXIMUM_NAME:
        raise ValueError("must have at most 128 characters")
    return value


def group_key(name: str) -> str:
    """Return the form of a group's name that is unique: in one case, in compatible characters."""
    return unicodedata.normalize("NFKC", name).casefold()


GroupName = Annotated[
    Name,
    StringConstraints(max_length=MAXIMUM_NAME, strip_whitespace=True),
    AfterValidator(_short_key),
]
RoleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:/-]{1,128}$")]
Description = Annotated[str, StringConstraints(max_length=1000), ONLY_LINE_BREAKS]


class GroupBody(BaseModel):
    """A group. Groups are flat: a group has no groups as members."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: GroupName
    description: Description = ""
    second_factor: SecondFactorPolicy | None = Field(
        default=None, description="Replaces the general policy for the members."
    )
    attributes: Mapping[AttributeName, AttributeValue] = Field(default_factory=dict)


class RoleBody(BaseModel):
    """A role. `client_id` is that of the only client that sees it; a global role has none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: RoleName
    client_id: Annotated[str, StringConstraints(max_length=255)] = ""
    description: Description = ""


class RoleReference(BaseModel):
    """A role in a file: `NAME` if it is global, `CLIENT:NAME` if it is of a client."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: RoleName
    client_id: Annotated[str, StringConstraints(max_length=255)] = ""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        client_id, colon, name = value.partition(":")
        return {"name": name, "client_id": client_id} if colon else {"name": value}

    @property
    def stated(self) -> str | dict[str, str]:
        """The role as a file states it; an object if a colon in it is not the separator."""
        if ":" in (self.client_id or self.name):
            return self.model_dump(exclude_defaults=True)
        return self.label

    @property
    def label(self) -> str:
        return f"{self.client_id}:{self.name}" if self.client_id else self.name


SubjectKind = Literal["user", "group"]
