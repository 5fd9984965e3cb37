"""Trusted issuers as administrators state them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from app.schemas.client_policies import DAY_SECONDS, ScopeName
from app.schemas.clients import PRIVATE_KEY_MEMBERS
from app.schemas.resources import ClientId, Identifier, ShortName
from app.schemas.text import HttpsUri
from app.security.subject_patterns import problem_with
from app.security.text import is_encodable

HOUR_SECONDS = 3600
MAXIMUM_SUBJECTS = 20
MAXIMUM_CLAIMS = 20
MAXIMUM_NAMES = 100
FROZEN = ConfigDict(frozen=True, extra="forbid")


def _pattern(value: str) -> str:
    if problem := problem_with(value):
        raise ValueError(problem)
    return value


SubjectPattern = Annotated[
    str, StringConstraints(min_length=1, max_length=500), AfterValidator(_pattern)
]
Claim = Annotated[str, StringConstraints(min_length=1, max_length=200)]
AssertionAlgorithm = Literal["ES256", "EdDSA", "RS256", "PS256"]


class TrustedIssuerBody(BaseModel):
    """An issuer, such as a cluster or a build service, whose JWTs stand for a client or a user."""

    model_config = FROZEN

    name: ShortName = Field(description="Its id in commands.")
    issuer: Annotated[HttpsUri, StringConstraints(max_length=300)] = Field(
        description="The exact `iss` of its JWTs."
    )
    jwks_uri: HttpsUri | None = Field(default=None, description="Where it publishes its keys.")
    jwks: Mapping[str, Any] | None = Field(
        default=None, description="Its public keys, instead of a `jwks_uri`."
    )
    algorithms: Annotated[tuple[AssertionAlgorithm, ...], Field(min_length=1, max_length=4)]
    audience: Identifier = Field(
        description="The `aud` of its JWTs: the issuer of this server, or a URL beneath it."
    )
    subjects: Annotated[
        tuple[SubjectPattern, ...], Field(min_length=1, max_length=MAXIMUM_SUBJECTS)
    ] = Field(description="Patterns of `sub`, in which `*` stands for one whole segment.")
    client_id: ClientId | None = Field(
        default=None, description="The client that the subjects stand for."
    )
    user_id: str | None = Field(default=None, description="The user that the subjects stand for.")
    presenters: Annotated[tuple[ClientId, ...], Field(max_length=MAXIMUM_NAMES)] = Field(
        default=(), description="The confidential clients that may present a JWT for the user."
    )
    scopes: Annotated[tuple[ScopeName, ...], Field(max_length=MAXIMUM_NAMES)] = Field(
        description="The most that a token gets; none for a token without a scope."
    )
    resources: Annotated[tuple[ShortName, ...], Field(max_length=MAXIMUM_NAMES)] = Field(
        description="The resources that a token may be for."
    )
    claims: Annotated[Mapping[Claim, Claim], Field(max_length=MAXIMUM_CLAIMS)] = Field(
        default_factory=dict,
        description="Claims with the exact value that they must have; `kubernetes.io/namespace` is"
        " the member `namespace` of the claim `kubernetes.io`.",
    )
    maximum_age: int = Field(
        default=HOUR_SECONDS,
        ge=60,
        le=DAY_SECONDS,
        description="Seconds: the longest time between `iat` and `exp`.",
    )

    @model_validator(mode="after")
    def _keys_of_one_source(self) -> Self:
        if (self.jwks is None) == (self.jwks_uri is None):
            raise ValueError("give either jwks_uri or jwks")
        if self.jwks is None:
            return self
        keys = self.jwks.get("keys")
        if not isinstance(keys, list) or not keys or not is_encodable(dict(self.jwks)):
            raise ValueError("jwks must be a JSON Web Key Set with keys (RFC 7517 section 5)")
        if any(not isinstance(key, dict) or PRIVATE_KEY_MEMBERS & key.keys() for key in keys):
            raise ValueError("jwks must contain public keys only")
        return self

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.client_id is None) == (self.user_id is None):
            raise ValueError("map the subjects to either a client or a user")
        if bool(self.presenters) != (self.user_id is not None):
            raise ValueError(
                "name the clients that present a JWT if, and only if, it is for a user"
            )
        return self
