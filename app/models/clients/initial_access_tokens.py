"""Initial access tokens (RFC 7591 section 1.2), which authorize the registration of clients."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, LargeBinary, String, Table

from app.database.types import Instant
from app.models.tables import metadata

ID_BYTES = 16

initial_access_tokens = Table(
    "initial_access_tokens",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("label", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class InitialAccessToken:
    """An initial access token. `label` names the party it was issued to.

    `token_id` identifies the token without being it: the beginning of its digest.
    """

    digest: bytes
    label: str
    created_at: datetime
    expires_at: datetime

    @property
    def token_id(self) -> str:
        return self.digest[:ID_BYTES].hex()
