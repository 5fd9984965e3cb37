"""Changes of the policies of a client in the admin API."""

from copy import copy
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo

from app.schemas.client_policies import MAXIMUM_GROUPS, ClientPolicies, GroupId


class AccessPatch(BaseModel):
    """Changes of the users that may use a client."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["everyone", "groups", "nobody"] | None = None
    groups: tuple[GroupId, ...] | None = Field(default=None, max_length=MAXIMUM_GROUPS)


def nullable(field: FieldInfo) -> tuple[Any, FieldInfo]:
    """Return a field that may be left out or null, as in a merge patch."""
    annotation: Any = field.annotation  # a type or a union
    nullable = copy(field)
    nullable.annotation = annotation | None
    nullable.default = None
    return nullable.annotation, nullable


_FIELDS: dict[str, Any] = {
    name: nullable(field) for name, field in ClientPolicies.model_fields.items()
}
_FIELDS["access"] = (AccessPatch | None, None)

ClientPoliciesPatch: type[BaseModel] = create_model(
    "ClientPoliciesPatch",
    __config__=ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"access": {"kind": "nobody"}}]}
    ),
    __doc__="Changes of policies (RFC 7396). Null returns a policy to the general rule.",
    **_FIELDS,
)
