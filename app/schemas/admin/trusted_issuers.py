"""Trusted issuers in the admin API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model
from pydantic.fields import FieldInfo

from app.schemas.admin.listing import Listing
from app.schemas.trusted_issuers import (
    AT_LEAST_ONE,
    MAXIMUM_CLAIMS,
    MAXIMUM_SUBJECTS,
    AssertionAlgorithm,
    Claim,
    IdentityRulesBody,
    NotEmpty,
    TrustedIssuerBody,
)

KEPT = "name"
"""The member that stays as it is, since commands and paths name the issuer by it."""


class TrustedIssuerResource(BaseModel):
    """An issuer whose JWTs stand for a client or a user."""

    name: str
    issuer: str
    jwks_uri: str | None
    jwks: dict[str, Any] | None
    algorithms: list[AssertionAlgorithm]
    audience: str
    subjects: list[str]
    client_id: str | None
    user_id: str | None
    presenters: list[str]
    scopes: list[str]
    resources: list[str]
    claims: dict[str, str]
    maximum_age: int
    identities: IdentityRulesBody | None
    owner: str = Field(description="The file that made the trusted issuer, or `manual`.")
    created_at: datetime


class TrustedIssuerList(Listing):
    items: list[TrustedIssuerResource]


def _changeable(field: FieldInfo) -> tuple[Any, Any]:
    """Return a field that may be left out. Null resets it, unless it is required."""
    annotation: Any = field.rebuild_annotation()
    texts: dict[str, Any] = {
        "description": field.description,
        "json_schema_extra": field.json_schema_extra,
    }
    if not field.is_required():
        return annotation | None, Field(default=None, **texts)
    empty: Any = str if field.annotation is str else list
    return annotation, Field(default_factory=empty, **texts)


_FIELDS: dict[str, Any] = {
    name: _changeable(field)
    for name, field in TrustedIssuerBody.model_fields.items()
    if name != KEPT
}
_FIELDS["claims"] = (
    Annotated[Mapping[Claim, Claim | None], Field(max_length=MAXIMUM_CLAIMS)] | None,
    Field(default=None, description="Claims that change. Null removes one."),
)
_RULE_FIELDS: dict[str, Any] = {
    name: _changeable(field) for name, field in IdentityRulesBody.model_fields.items()
}
_RULES: type[BaseModel] = create_model(
    "IdentityRulesPatch",
    __config__=ConfigDict(extra="forbid"),
    __doc__="Changes of how identity assertions are accepted. Null resets a member.",
    **_RULE_FIELDS,
)
_FIELDS["identities"] = (
    _RULES | None,
    Field(default=None, description=TrustedIssuerBody.model_fields["identities"].description),
)
_FIELDS["subjects"] = (
    Annotated[
        tuple[Annotated[str, StringConstraints(min_length=1, max_length=500)], ...],
        Field(max_length=MAXIMUM_SUBJECTS, json_schema_extra=AT_LEAST_ONE),
        NotEmpty,
    ],
    Field(
        default_factory=tuple, description=TrustedIssuerBody.model_fields["subjects"].description
    ),
)
"""Patterns are checked with the rest of the issuer: which of them are valid depends on it."""

TrustedIssuerPatch: type[BaseModel] = create_model(
    "TrustedIssuerPatch",
    __config__=ConfigDict(extra="forbid", json_schema_extra={"examples": [{"maximum_age": 7200}]}),
    __doc__="Changes of a trusted issuer (RFC 7396). Null resets a member; a list is replaced.",
    **_FIELDS,
)
