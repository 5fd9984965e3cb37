"""The scopes that users granted to clients, valid until a client requests more."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Index, String, Table, Text

from app.database.types import Instant
from app.models.oauth.granted_resources import GrantedResources, parse_granted
from app.models.tables import metadata

consents = Table(
    "consents",
    metadata,
    Column("user_id", String(32), primary_key=True),
    Column("client_id", String(255), primary_key=True),
    Column("scope", Text, nullable=False),
    Column("granted_at", Instant, nullable=False),
    Column("client_fingerprint", String(64)),
    Column("resources", Text),
    Index("ix_consents_client_id_user_id", "client_id", "user_id"),
)


@dataclass(frozen=True, slots=True)
class Consent:
    """The consent of a user to a client.

    `scope` is everything that was granted beside resources, `resources` what was granted at each of
    them (a JSON object: the scope by identifier), `granted_at` is the time of the last grant, and
    `client_fingerprint` identifies how the client was presented to the user at that time. A consent
    without a fingerprint is not valid.
    """

    user_id: str
    client_id: str
    scope: str
    granted_at: datetime
    client_fingerprint: str | None = None
    resources: str | None = None

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.scope.split())

    @property
    def granted(self) -> GrantedResources:
        """What was granted at each resource."""
        return parse_granted(self.resources)

    def includes(self, scopes: frozenset[str], resources: GrantedResources) -> bool:
        """Return whether all of this was granted."""
        return scopes <= self.scopes and self.granted.includes(resources)
