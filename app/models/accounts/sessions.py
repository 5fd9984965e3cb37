"""Browser sessions of users; the cookie holds a secret, the row its digest."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, Column, Index, LargeBinary, String, Table, false

from app.database.types import Instant
from app.models.tables import metadata

PASSWORD, PASSKEY = "password", "passkey"
METHODS = {"pwd": PASSWORD, "pop": PASSKEY}
"""The login methods, by the first value of `amr`; `fed` stands for an identity provider."""

sessions = Table(
    "sessions",
    metadata,
    Column("session_id", String(32), primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("user_id", String(32), nullable=False, index=True),
    Column("credentials_version", String(32), nullable=False),
    Column("auth_time", Instant, nullable=False),
    Column("acr", String(100), nullable=False),
    Column("amr", String(100), nullable=False),
    Column("user_agent", String(300), nullable=False),
    Column("address", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("ended_at", Instant),
    Column("stays_signed_in", Boolean, nullable=False, server_default=false()),
    Column("provider", String(40)),
    Index("ix_sessions_auth_time", "auth_time", "session_id"),
)


@dataclass(frozen=True, slots=True)
class Session:
    """A session of one user in one browser, from sign-in to sign-out.

    `session_id` is the `sid` of ID tokens and not secret. `amr` is a list of values separated by
    spaces (RFC 8176), the first factor first. `stays_signed_in` is set if the user asked to stay
    signed in. `provider` is the identity provider of a sign-in with one, if it is known.
    """

    session_id: str
    digest: bytes
    user_id: str
    credentials_version: str
    auth_time: datetime
    acr: str
    amr: str
    user_agent: str
    address: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    stays_signed_in: bool = False
    provider: str | None = None

    @property
    def login_method(self) -> str:
        """How the user gave the first factor: `password`, `passkey` or `provider:NAME`."""
        first_factor = self.amr.partition(" ")[0]
        return METHODS.get(first_factor) or provider_method(self.provider or "")


def provider_method(name: str) -> str:
    """Return the login method of an identity provider."""
    return f"provider:{name}"
