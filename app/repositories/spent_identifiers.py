"""Identifiers that count once."""

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import select

from app.database.database import Database
from app.database.steps import Outcome
from app.models.spent_identifiers import spent_identifiers
from app.repositories.inserts import insert_once

spent = spent_identifiers.c


class SpentIdentifierRepository:
    def __init__(self, database: Database) -> None:
        self._spend = database.step(
            insert_once(database, spent_identifiers),
            outcome=Outcome(select(spent.spent_by), spent.digest, given_as="digest"),
            order="digest",
        )

    async def spend(self, identifier: str, *, expires_at: datetime) -> bool:
        """Whether this is the first time, until it expires; also across workers."""
        ours = secrets.token_bytes(16)
        row = await self._spend(
            digest=hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).digest(),
            spent_by=ours,
            expires_at=expires_at,
        )
        return row is not None and row[0] == ours
