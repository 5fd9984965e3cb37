"""The applied schema revisions, and whether the previous release can still serve after each.

An older release cannot read the migrations of a newer one, so each migration records its
declaration in this table.
"""

from sqlalchemy import Boolean, Column, String, Table

from app.models.tables import metadata

schema_revisions = Table(
    "schema_revisions",
    metadata,
    Column("revision", String(100), primary_key=True),
    Column("previous_may_serve", Boolean, nullable=False),
)
