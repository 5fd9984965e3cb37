"""Counts of recent attempts, for rate limits and back-off.

`blocked_until` is in milliseconds since 1970.
"""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table

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
    Column("blocked_until", BigInteger, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)
