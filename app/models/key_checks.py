"""A value sealed under SECRET_KEY, by which a start notices that it has another key."""

from sqlalchemy import Column, LargeBinary, String, Table

from app.models.tables import metadata

key_checks = Table(
    "key_checks",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
