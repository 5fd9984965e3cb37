"""The applied revisions of the schema, and whether the release before each may go on serving.

An older release cannot read the migrations of a newer one, so each writes its declaration here.
"""

from sqlalchemy import Boolean, Column, String, Table

from app.models.tables import metadata

schema_revisions = Table(
    "schema_revisions",
    metadata,
    Column("revision", String(100), primary_key=True),
    Column("previous_may_serve", Boolean, nullable=False),
)
