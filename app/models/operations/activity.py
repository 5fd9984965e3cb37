"""Refused requests that can be looked up, and sums of what the server does, by the hour."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from app.database.types import Instant
from app.models.tables import metadata

refusals = Table(
    "refusals",
    metadata,
    Column("refusal_id", String(32), primary_key=True),
    Column("request_id", String(64), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("error", String(80), nullable=False),
    Column("reason", Text, nullable=False),
    Column("rule", String(60), nullable=False),
    Column("status", Integer, nullable=False),
    Column("method", String(20), nullable=False),
    Column("path", Text, nullable=False),
    Column("client_id", Text),
    Column("user_id", String(32)),
    Column("network", String(64), nullable=False),
    Column("count", Integer, nullable=False),
)

activity_counts = Table(
    "activity_counts",
    metadata,
    Column("hour", Instant, primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("count", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class StoredRefusal:
    """A refused request.

    `rule` is the code of the rule that refused it. `count` is how many refusals it stands for, if
    one reason and network had many at once.
    """

    refusal_id: str
    request_id: str
    at: datetime
    error: str
    reason: str
    rule: str
    status: int
    method: str
    path: str
    client_id: str | None
    user_id: str | None
    network: str
    count: int


@dataclass(frozen=True, slots=True)
class ActivityCount:
    """A sum of one kind in one hour, for all keys or for one."""

    hour: datetime
    key: str
    count: int
