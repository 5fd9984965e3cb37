"""Refresh tokens that were used, remembered as long as their family lives.

A token moves here when its grace window is over. Presented again, it revokes its family.
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
    """The family of a used token, and the client that the token was for."""

    family_id: str
    client_id: str
