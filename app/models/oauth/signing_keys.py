"""The keys that sign tokens: the private key encrypted, the public key as a JWK (RFC 7517)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from app.database.types import Instant
from app.models.tables import metadata

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String(64), primary_key=True),
    Column("algorithm", String(16), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("public_jwk", Text, nullable=False),
    Column("private_sealed", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("signs_from", Instant, nullable=False),
    UniqueConstraint("algorithm", "generation"),
)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A signing key.

    For each algorithm, the key with the highest generation whose `signs_from` has passed is used.
    `signs_from` is later than `created_at` if an older key exists, so that every worker publishes
    a key before any worker signs with it.
    """

    kid: str
    algorithm: str
    generation: int
    public_jwk: str
    private_sealed: bytes
    created_at: datetime
    signs_from: datetime
