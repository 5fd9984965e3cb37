"""What people allowed which client, remembered until it asks for more."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, String, Table, Text

from app.database.types import Instant
from app.models.tables import metadata

consents = Table(
    "consents",
    metadata,
    Column("user_id", String(32), primary_key=True),
    Column("client_id", String(255), primary_key=True, index=True),
    Column("scope", Text, nullable=False),
    Column("granted_at", Instant, nullable=False),
    Column("client_fingerprint", String(64)),
)


@dataclass(frozen=True, slots=True)
class Consent:
    """What a user allowed a client.

    `scope` is all that was allowed, `granted_at` when it was allowed last, and
    `client_fingerprint` what the user saw of the client then. Without one the consent is void.
    """

    user_id: str
    client_id: str
    scope: str
    granted_at: datetime
    client_fingerprint: str | None = None

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.scope.split())
