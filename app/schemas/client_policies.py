"""Policies of a client: who may use it, and what its tokens contain."""

from functools import lru_cache
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.schemas.claim_mappings import ClaimMapping, MappingTarget
from app.schemas.claim_names import IDENTITY_CLAIMS, PROFILE_CLAIMS
from app.schemas.text import WebUri

MAXIMUM_GROUPS = 200
MAXIMUM_MAPPINGS = 50
MAXIMUM_SCOPES = 100
MAXIMUM_EXCHANGE_NAMES = 100
DAY_SECONDS = 86_400

SecondFactorPolicy = Literal["required", "optional", "passkey_first"]
ConsentPolicy = Literal["remembered", "always", "never"]
SecurityProfile = Literal["fapi2"]
GroupId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
ScopeName = Annotated[str, StringConstraints(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]{1,128}$")]
ClientName = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")]
ResourceName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")]
LoginMethod = Annotated[
    str, StringConstraints(pattern=r"^(password|passkey|provider:[a-z0-9-]{1,40})$")
]
FROZEN = ConfigDict(frozen=True, extra="forbid")


class AccessPolicy(BaseModel):
    """The users that may use a client: everybody, members of some groups, or nobody."""

    model_config = FROZEN

    kind: Literal["everyone", "groups", "nobody"] = "everyone"
    groups: Annotated[tuple[GroupId, ...], Field(max_length=MAXIMUM_GROUPS)] = Field(
        default=(), description="The ids of the groups, if `kind` is `groups`."
    )

    @model_validator(mode="after")
    def _groups_only_of_their_kind(self) -> Self:
        if bool(self.groups) != (self.kind == "groups"):
            raise ValueError("groups are required if, and only if, the kind is groups")
        return self


class ExchangePolicy(BaseModel):
    """What a client may exchange tokens for (RFC 8693), and who may act by tokens of its own.

    The defaults allow nothing.
    """

    model_config = FROZEN

    targets: Annotated[tuple[ResourceName, ...], Field(max_length=MAXIMUM_EXCHANGE_NAMES)] = Field(
        default=(), description="The resources that it may exchange tokens for, by short name."
    )
    targets_without_actor: Annotated[
        tuple[ResourceName, ...], Field(max_length=MAXIMUM_EXCHANGE_NAMES)
    ] = Field(default=(), description="Those of the targets for which it needs no actor token.")
    exchanger_of: Annotated[tuple[ClientName, ...], Field(max_length=MAXIMUM_EXCHANGE_NAMES)] = (
        Field(
            default=(),
            description="The clients whose tokens without an audience it may exchange, besides its"
            " own.",
        )
    )
    may_act: ClientName | None = Field(
        default=None,
        description="The only client that may act by tokens of this client; any that may exchange"
        " them, if it is not set.",
    )

    @model_validator(mode="after")
    def _without_actor_only_targets(self) -> Self:
        if not set(self.targets_without_actor) <= set(self.targets):
            raise ValueError("targets_without_actor must be among the targets")
        return self


class IdentityAssertionPolicy(BaseModel):
    """Another authorization server that a client may take users' identities to (ID-JAG)."""

    model_config = FROZEN

    audience: WebUri = Field(description="The exact issuer of the other server.")
    relying_party: ClientName = Field(
        description="The client here by which the other server signs users in: it knows them by"
        " the `sub` of that client."
    )
    client_id: ClientName = Field(description="The id of this client at the other server.")
    access: AccessPolicy = Field(description="The users whose identities it may take there.")
    resources: Annotated[tuple[WebUri, ...], Field(min_length=1, max_length=20)] = Field(
        description="The identifiers of resources of the other server that it may name."
    )
    scopes: Annotated[tuple[ScopeName, ...], Field(max_length=MAXIMUM_SCOPES)] = Field(
        description="The most that it may ask for there; all of it without a `scope`."
    )
    release_email: bool = Field(description="Whether verified email addresses are passed on.")


class ClientPolicies(BaseModel):
    """The policies of one client; a value of None leaves the decision to the general settings."""

    model_config = ConfigDict(
        **FROZEN, json_schema_extra={"examples": [{"access_token_ttl": 600, "consent": "always"}]}
    )

    access: AccessPolicy = AccessPolicy()
    claim_mappings: Annotated[tuple[ClaimMapping, ...], Field(max_length=MAXIMUM_MAPPINGS)] = ()
    id_token_claims: tuple[str, ...] = Field(
        default=(),
        description="Standard claims that are also in the ID token, within the granted scope.",
    )
    access_token_ttl: int | None = Field(
        default=None,
        ge=60,
        le=DAY_SECONDS,
        description="Seconds; a shorter `ACCESS_TOKEN_TTL` takes precedence.",
    )
    refresh_token_ttl: int | None = Field(
        default=None,
        ge=60,
        le=400 * DAY_SECONDS,
        description="Seconds without a refresh; a shorter `REFRESH_TOKEN_TTL` takes precedence.",
    )
    second_factor: SecondFactorPolicy | None = None
    require_verified_email: bool = False
    require_pkce: bool | None = Field(
        default=None,
        description="Whether PKCE is required, even if it is not in general. `false` requires"
        " nothing, and relaxes nothing.",
    )
    require_dpop_nonce: bool = Field(
        default=False,
        description="Whether each DPoP proof of the client needs a nonce of this server.",
    )
    profile: SecurityProfile | None = Field(
        default=None,
        description="`fapi2` holds the client to the FAPI 2.0 Security Profile, even if `PROFILE`"
        " does not. What the client registered must fit the profile.",
    )
    consent: ConsentPolicy | None = Field(
        default=None,
        description="`never` is for clients that an administrator answers for; a client that any"
        " program could pose as is still asked for.",
    )
    allowed_scopes: Annotated[
        tuple[ScopeName, ...] | None,
        Field(
            max_length=MAXIMUM_SCOPES,
            description="Upper bound of the scope, whatever the client registered.",
        ),
    ] = None
    allowed_resources: Annotated[
        tuple[ResourceName, ...] | None,
        Field(
            max_length=MAXIMUM_SCOPES,
            description="Upper bound of the resources that it may request, by their short names,"
            " whatever the resources say.",
        ),
    ] = None
    login_methods: Annotated[
        tuple[LoginMethod, ...] | None,
        Field(
            min_length=1,
            description="`password`, `passkey` and `provider:NAME`; others have to sign in again.",
        ),
    ] = None
    token_exchange: ExchangePolicy = ExchangePolicy()
    identity_assertions: Annotated[
        tuple[IdentityAssertionPolicy, ...], Field(max_length=MAXIMUM_EXCHANGE_NAMES)
    ] = Field(
        default=(),
        description="The other authorization servers that it may take users' identities to.",
    )

    @model_validator(mode="after")
    def _each_claim_once(self) -> Self:
        seen: set[tuple[str, MappingTarget]] = set()
        for mapping in self.claim_mappings:
            pairs = {(mapping.name, target) for target in mapping.targets}
            if seen & pairs:
                raise ValueError("two mappings set the same claim in the same place")
            seen |= pairs
        return self

    @model_validator(mode="after")
    def _each_audience_once(self) -> Self:
        audiences = [each.audience for each in self.identity_assertions]
        if len(set(audiences)) < len(audiences):
            raise ValueError("two identity_assertions have the same audience")
        return self

    @model_validator(mode="after")
    def _known_claims(self) -> Self:
        unknown = set(self.id_token_claims) - {*IDENTITY_CLAIMS, *PROFILE_CLAIMS}
        if unknown:
            raise ValueError("id_token_claims are standard claims (OpenID Connect Core 5.1)")
        return self

    def stored(self) -> str | None:
        """Return the policies as JSON, or None if they are the general ones."""
        content = self.model_dump_json(exclude_defaults=True)
        return content if content != "{}" else None


@lru_cache(maxsize=1024)
def parse_policies(stored: str) -> ClientPolicies:
    """Parse stored policies. Rows are read at each request, but the text rarely changes."""
    return ClientPolicies.model_validate_json(stored)
