"""Trusted issuers as administrators state them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from app.schemas.client_policies import DAY_SECONDS, ScopeName
from app.schemas.clients import PRIVATE_KEY_MEMBERS
from app.schemas.resources import ClientId, Identifier, ShortName
from app.schemas.text import HttpsUri
from app.security.subject_patterns import ANY_SEGMENT, problem_with
from app.security.text import is_encodable

HOUR_SECONDS = 3600
TEN_MINUTES = 600
MAXIMUM_SUBJECTS = 20
MAXIMUM_CLAIMS = 20
MAXIMUM_NAMES = 100
Items = TypeVar("Items", bound=Sequence[Any])
FROZEN = ConfigDict(frozen=True, extra="forbid")


def _pattern(value: str, info: ValidationInfo) -> str:
    if value == ANY_SEGMENT and info.data.get("identities") is not None:
        return value
    if problem := problem_with(value):
        raise ValueError(problem)
    return value


def _not_empty(values: Items) -> Items:
    """Require an item; `min_length` would also count items that are refused for themselves."""
    if not values:
        raise PydanticCustomError("too_short", "must have at least one item")
    return values


NotEmpty = AfterValidator(_not_empty)
AT_LEAST_ONE: JsonDict = {"minItems": 1}
SubjectPattern = Annotated[
    str, StringConstraints(min_length=1, max_length=500), AfterValidator(_pattern)
]
Claim = Annotated[str, StringConstraints(min_length=1, max_length=200)]
UserId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
EmailDomain = Annotated[
    str,
    StringConstraints(
        max_length=253, pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$"
    ),
]
AssertionAlgorithm = Literal["ES256", "EdDSA", "RS256", "PS256"]


def require_public_keys(jwks: Mapping[str, Any]) -> None:
    """Raise `ValueError` unless a JWK Set has keys, all of them public."""
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not keys or not is_encodable(dict(jwks)):
        raise ValueError("jwks must be a JSON Web Key Set with keys (RFC 7517 section 5)")
    if any(not isinstance(key, dict) or PRIVATE_KEY_MEMBERS & key.keys() for key in keys):
        raise ValueError("jwks must contain public keys only")


class IdentityRulesBody(BaseModel):
    """How the identity assertions (ID-JAG) of an issuer are accepted."""

    model_config = FROZEN

    email_domains: Annotated[tuple[EmailDomain, ...], Field(max_length=MAXIMUM_NAMES)] = Field(
        default=(),
        description="Domains of which the issuer owns every email address, without subdomains. Only"
        " there does a verified address find a user who has not linked the identity.",
    )
    accepted_for: int = Field(
        default=TEN_MINUTES,
        ge=60,
        le=HOUR_SECONDS,
        description="Seconds after `iat` in which an assertion is accepted, until its `exp`.",
    )
    single_use: bool = Field(
        default=False, description="Whether an assertion is accepted once only, by its `jti`."
    )
    create_users: bool = Field(
        default=False,
        description="Whether an assertion of an unknown subject creates its user, who has no role,"
        " no password and no address but a verified one in `email_domains`. The issuer must be an"
        " identity provider, too.",
    )


class TrustedIssuerMembers(BaseModel):
    """What a trusted issuer has, whether its user is named or not."""

    model_config = FROZEN

    name: ShortName = Field(description="Its id in commands.")
    issuer: Annotated[HttpsUri, StringConstraints(max_length=300)] = Field(
        description="The exact `iss` of its JWTs."
    )
    jwks_uri: HttpsUri | None = Field(default=None, description="Where it publishes its keys.")
    jwks: Mapping[str, Any] | None = Field(
        default=None, description="Its public keys, instead of a `jwks_uri`."
    )
    algorithms: Annotated[
        tuple[AssertionAlgorithm, ...],
        Field(max_length=4, json_schema_extra=AT_LEAST_ONE),
        NotEmpty,
    ]
    audience: Identifier = Field(
        description="The `aud` of its JWTs: the issuer of this server, or a URL beneath it."
    )
    identities: IdentityRulesBody | None = Field(
        default=None,
        description="For an issuer of identity assertions (ID-JAG), whose subjects stand for users"
        " of their own, instead of a client or a user.",
    )
    subjects: Annotated[
        tuple[SubjectPattern, ...],
        Field(max_length=MAXIMUM_SUBJECTS, json_schema_extra=AT_LEAST_ONE),
        NotEmpty,
    ] = Field(
        description="Patterns of `sub`, in which `*` stands for one whole segment. With"
        " `identities`, `*` alone stands for every subject."
    )
    client_id: ClientId | None = Field(
        default=None, description="The client that the subjects stand for."
    )
    presenters: Annotated[tuple[ClientId, ...], Field(max_length=MAXIMUM_NAMES)] = Field(
        default=(), description="The confidential clients that may present a JWT for a user."
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
        description="Seconds: the longest time between `iat` and `exp` of workloads' JWTs.",
    )

    @model_validator(mode="after")
    def _keys_of_one_source(self) -> Self:
        if (self.jwks is None) == (self.jwks_uri is None):
            raise ValueError("give either jwks_uri or jwks")
        if self.jwks is not None:
            require_public_keys(self.jwks)
        return self

    def require_one_target(self, *, has_user: bool) -> None:
        """Raise `ValueError` unless the subjects stand for a client, a user, or their own users."""
        if self.identities is not None:
            if has_user or self.client_id is not None:
                raise ValueError("with identities, give neither a client nor a user")
            if not self.presenters:
                raise ValueError("name the clients that may present identity assertions")
            return
        if (self.client_id is None) != has_user:
            raise ValueError("map the subjects to either a client or a user")
        if bool(self.presenters) != has_user:
            raise ValueError(
                "name the clients that present a JWT if, and only if, it is for a user"
            )


class TrustedIssuerBody(TrustedIssuerMembers):
    """An issuer, such as a cluster or a build service, whose JWTs stand for a client or a user."""

    model_config = ConfigDict(
        **FROZEN,
        json_schema_extra={
            "examples": [
                {
                    "name": "build",
                    "issuer": "https://token.actions.githubusercontent.com",
                    "jwks_uri": "https://token.actions.githubusercontent.com/.well-known/jwks",
                    "algorithms": ["RS256"],
                    "audience": "https://auth.example.com",
                    "subjects": ["repo:octo/app:ref:refs/heads/main"],
                    "client_id": "build",
                    "scopes": [],
                    "resources": [],
                }
            ]
        },
    )

    user_id: UserId | None = Field(
        default=None, description="The user that the subjects stand for."
    )

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        self.require_one_target(has_user=self.user_id is not None)
        return self
