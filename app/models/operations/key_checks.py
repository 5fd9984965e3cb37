"""A value encrypted under SECRET_KEY, used at startup to detect that the key has changed."""

from sqlalchemy import Column, LargeBinary, String, Table

from app.models.tables import metadata

key_checks = Table(
    "key_checks",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
