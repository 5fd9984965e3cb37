"""Authorization codes that were used, remembered as long as the family of their tokens lives."""

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
    """The family of tokens that a code yielded, and the client that the code was for."""

    family_id: str
    client_id: str
