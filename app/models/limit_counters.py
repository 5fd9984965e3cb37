"""How often something was tried lately, and until when it is refused."""

from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, Table

from app.database.types import Instant
from app.models.tables import metadata

limit_counters = Table(
    "limit_counters",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("window", BigInteger, nullable=False),
    Column("current", Integer, nullable=False),
    Column("previous", Integer, nullable=False),
    Column("strikes", Integer, nullable=False),
    Column("blocked_until", Float, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)
