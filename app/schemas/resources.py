"""Resources as administrators state them."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from app.schemas.client_policies import DAY_SECONDS, ScopeName
from app.schemas.resource_policies import ResourcePolicies
from app.schemas.scopes import MAXIMUM_TRANSLATIONS, Language
from app.schemas.text import WEB_HOST, Name
from app.security.resource_identifiers import key_of

MAXIMUM_ALIASES = 20
MAXIMUM_SCOPES = 100
MAXIMUM_CLIENTS = 200
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:.+")
FROZEN = ConfigDict(frozen=True, extra="forbid")


def _identifier(value: str) -> str:
    """Require an absolute URI without a fragment (RFC 8707 section 2)."""
    if not value.isascii() or not value.isprintable() or set(value) & set(' "<>\\^`{|}'):
        raise ValueError("must be a URI of printable ASCII")
    if not SCHEME.fullmatch(value):
        raise ValueError("must be an absolute URI with a scheme in lower case")
    if "#" in value:
        raise ValueError("must not have a fragment (RFC 8707 section 2)")
    scheme, _, rest = value.partition(":")
    host = re.split(r"[/?]", rest[2:], maxsplit=1)[0] if rest.startswith("//") else ""
    if "@" in host:
        raise ValueError("must not contain a username")
    if host != host.lower():
        raise ValueError("must have a host in lower case")
    if scheme in ("http", "https") and not (host and WEB_HOST.fullmatch(host)):
        raise ValueError("must have a host")
    return value


ShortName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")]
Identifier = Annotated[
    str, StringConstraints(min_length=3, max_length=500), AfterValidator(_identifier)
]
Alias = Annotated[Identifier, AfterValidator(key_of)]
ClientId = Annotated[str, StringConstraints(min_length=1, max_length=255)]
TokenFormat = Literal["opaque", "jwt"]
SigningAlgorithm = Literal["ES256", "EdDSA", "RS256", "PS256"]


class ResourceScopeBody(BaseModel):
    """A scope of a resource."""

    model_config = FROZEN

    name: ScopeName
    description: Name = Field(description="What the consent page says about the scope.")
    translations: Annotated[Mapping[Language, Name], Field(max_length=MAXIMUM_TRANSLATIONS)] = (
        Field(
            default_factory=dict,
            description="The description in other languages.",
            json_schema_extra={"additionalProperties": False},
        )
    )
    is_default: bool = Field(
        default=False, description="Whether a request without `scope` gets it."
    )
    implies: Annotated[tuple[ScopeName, ...], Field(max_length=MAXIMUM_SCOPES)] = Field(
        default=(), description="Narrower scopes of the resource that it includes."
    )


class ResourceBody(BaseModel):
    """A service that tokens can be meant for (RFC 8707)."""

    model_config = ConfigDict(
        **FROZEN,
        json_schema_extra={
            "examples": [
                {
                    "name": "reports",
                    "identifier": "https://reports.example.com",
                    "title": "Reports",
                    "is_open_to_all_clients": True,
                    "scopes": [{"name": "read", "description": "Read your reports"}],
                }
            ]
        },
    )

    name: ShortName = Field(description="Its id in paths and commands.")
    identifier: Identifier = Field(description="An absolute URI; the audience of its tokens.")
    title: Name = Field(description="What the consent page calls the resource.")
    aliases: Annotated[tuple[Alias, ...], Field(max_length=MAXIMUM_ALIASES)] = Field(
        default=(), description="Other URIs by which clients name the resource."
    )
    scopes: Annotated[tuple[ResourceScopeBody, ...], Field(max_length=MAXIMUM_SCOPES)] = ()
    token_format: TokenFormat = "opaque"
    signing_alg: SigningAlgorithm = Field(
        default="ES256", description="Signs access tokens of the format `jwt`."
    )
    access_token_ttl: int | None = Field(
        default=None,
        ge=60,
        le=DAY_SECONDS,
        description="Seconds, instead of `ACCESS_TOKEN_TTL`; a shorter policy of the client takes "
        "precedence.",
    )
    is_open_to_all_clients: bool = Field(
        description="Whether every client may request it, or only the `requesters`."
    )
    requesters: Annotated[tuple[ClientId, ...], Field(max_length=MAXIMUM_CLIENTS)] = Field(
        default=(), description="The clients that may request it."
    )
    servers: Annotated[tuple[ClientId, ...], Field(max_length=MAXIMUM_CLIENTS)] = Field(
        default=(),
        description="The confidential clients that act as its server: they may introspect its"
        " tokens.",
    )
    shows_metadata: bool = Field(
        default=False, description="Whether its metadata is public (RFC 9728)."
    )
    allows_personal_tokens: bool = False
    agents: bool = Field(
        default=False,
        description="Whether clients with a [client ID metadata document](agents.md) may request"
        " it, without being registered.",
    )
    policies: ResourcePolicies = ResourcePolicies()

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        names = [scope.name for scope in self.scopes]
        if len(set(names)) < len(names):
            raise ValueError("two scopes have the same name")
        for scope in self.scopes:
            if unknown := sorted(set(scope.implies) - set(names)):
                raise ValueError(f"the scope {scope.name} implies an unknown one: {unknown[0]}")
        identifiers = [key_of(self.identifier), *self.aliases]
        if len(set(identifiers)) < len(identifiers):
            raise ValueError("an alias is the identifier, or another alias, of this resource")
        return self
