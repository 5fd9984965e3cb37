"""External OpenID Connect identity providers, and the identities linked to users."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Integer, LargeBinary, String, Table

from app.database.types import Instant
from app.models.tables import metadata

upstream_providers = Table(
    "upstream_providers",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("label", String(100), nullable=False),
    Column("issuer", String(300), nullable=False),
    Column("client_id", String(300), nullable=False),
    Column("sealed_secret", LargeBinary),
    Column("scope", String(300), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    Column("groups_claim", String(64)),
    Column("owner", String(64), nullable=False, server_default="manual"),
    Column("version", Integer, nullable=False, server_default="1"),
)

upstream_identities = Table(
    "upstream_identities",
    metadata,
    Column("issuer", String(300), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("provider", String(40), nullable=False, index=True),
    Column("user_id", String(32), nullable=False, index=True),
    Column("label", String(320), nullable=False),
    Column("linked_at", Instant, nullable=False),
    Column("last_used_at", Instant),
)


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """An identity provider.

    `name` is part of URL paths, `label` is shown on the button. `sealed_secret` is the client
    secret, encrypted with `name` as the context. `groups_claim` is the claim that lists the groups
    of a user there, if it is mapped to groups here. `owner` is the file that made the provider, or
    `manual`. `version` grows with every change of the provider and its mappings.
    """

    name: str
    label: str
    issuer: str
    client_id: str
    sealed_secret: bytes | None
    scope: str
    created_at: datetime
    disabled_at: datetime | None
    groups_claim: str | None = None
    owner: str = "manual"
    version: int = 1

    @property
    def is_disabled(self) -> bool:
        return self.disabled_at is not None


@dataclass(frozen=True, slots=True)
class LinkedIdentity:
    """An external identity that is linked to a user.

    It is identified by `issuer` and `subject` together, and by nothing else (OpenID Connect Core
    section 5.7). `label` is for display only.
    """

    issuer: str
    subject: str
    provider: str
    user_id: str
    label: str
    linked_at: datetime
    last_used_at: datetime | None
