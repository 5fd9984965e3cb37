"""Claim mappings: which claims a client gets about a user, from where and under which names."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_serializer,
    model_validator,
)

from app.schemas.attributes import AttributeValue
from app.schemas.claim_names import GROUPS, RESERVED_CLAIMS

STATIC = "static"
ATTRIBUTE = "attribute:"


class MappingTarget(StrEnum):
    """Where a claim appears."""

    ID_TOKEN = "id_token"
    USERINFO = "userinfo"
    INTROSPECTION = "introspection"
    ACCESS_TOKEN = "access_token"
    """JWT access tokens (RFC 9068 section 2.2.3), which services read without asking."""


def _not_reserved(name: str) -> str:
    if name in RESERVED_CLAIMS:
        raise ValueError("this claim is reserved: its value is always the server's own")
    return name


ClaimName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9._:/~-]{1,128}$"), AfterValidator(_not_reserved)
]
Source = Annotated[
    str, StringConstraints(pattern=r"^(groups|roles|static|attribute:[a-z][a-z0-9_]{0,63})$")
]
GroupPattern = Annotated[str, StringConstraints(min_length=1, max_length=128)]


def _repetition_allowed(schema: dict[str, Any]) -> None:
    """Describe a set as a list in which a value may occur again, which changes nothing."""
    schema.pop("uniqueItems", None)


class ClaimMapping(BaseModel):
    """One claim of a client's tokens.

    `filter` lists the names of the groups that are shown; a `*` in a name stands for any text.
    `prefix` is put before the name of each group.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClaimName
    source: Source = Field(examples=["groups", "roles", "attribute:department", "static"])
    targets: Annotated[
        frozenset[MappingTarget], Field(min_length=1, json_schema_extra=_repetition_allowed)
    ]
    value: AttributeValue | None = Field(
        default=None, description="The value, if the source is `static`."
    )
    prefix: Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{0,64}$")] = ""
    filter: Annotated[tuple[GroupPattern, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _of_its_source(self) -> Self:
        if (self.value is not None) != (self.source == STATIC):
            raise ValueError("a value is required if, and only if, the source is static")
        if self.source != GROUPS and (self.prefix or self.filter):
            raise ValueError("prefix and filter are for the source groups")
        return self

    @field_serializer("targets")
    def _in_order(self, targets: frozenset[MappingTarget]) -> list[str]:
        return sorted(targets)

    @property
    def attribute(self) -> str | None:
        """The name of the attribute that is the source, or None."""
        return self.source.removeprefix(ATTRIBUTE) if self.source.startswith(ATTRIBUTE) else None

    @property
    def needs_entitlements(self) -> bool:
        return self.source != STATIC
