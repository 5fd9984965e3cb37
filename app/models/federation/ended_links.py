"""External identities that were linked to a user once."""

from sqlalchemy import Column, LargeBinary, Table

from app.database.types import Instant
from app.models.tables import metadata

ended_links = Table(
    "ended_links",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("ended_at", Instant, nullable=False),
    sqlite_with_rowid=False,
)
"""Links that ended with their user or identity provider, or that the user or a promotion removed.

`digest` is that of the issuer and the subject, which are not stored. An identity assertion creates
no user for such an identity.
"""
