"""Used refresh tokens, kept as long as their family exists.

A token moves to this table when its grace window has ended. Presenting it again revokes its family.
"""

from dataclasses import dataclass

from sqlalchemy import Column, ForeignKey, LargeBinary, String, Table

from app.models.tables import metadata

used_refresh_tokens = Table(
    "used_refresh_tokens",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column(
        "family_id",
        String(32),
        ForeignKey("token_families.family_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True)
class UsedRefreshToken:
    """The family of a used refresh token, and the client and the user it was issued to."""

    family_id: str
    client_id: str
    user_id: str | None
