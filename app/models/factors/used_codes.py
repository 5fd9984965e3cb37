"""Used authorization codes, kept as long as the token family they were exchanged for."""

from dataclasses import dataclass

from sqlalchemy import Column, LargeBinary, String, Table

from app.models.tables import metadata

used_codes = Table(
    "used_codes",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("family_id", String(32), nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class UsedCode:
    """The token family that a code was exchanged for, and the client it was issued to."""

    family_id: str
    client_id: str
