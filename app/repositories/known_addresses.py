"""From where people signed in lately; only digests are kept."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import select

from app.database.database import Database
from app.models.known_addresses import known_addresses
from app.repositories.inserts import upsert

known = known_addresses.c
KEPT = timedelta(days=30)
RENEWED = timedelta(days=1)


class KnownAddressRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_digest = database.lookup(
            select(known.digest, known.expires_at), key=known.digest, value=lambda *row: row
        )

    async def is_known(self, user_id: str, network: str, *, now: datetime) -> bool:
        expires_at = await self._expires_at(user_id, network)
        return expires_at is not None and expires_at > now

    async def remember(self, user_id: str, network: str, *, now: datetime) -> None:
        """Keeps it for 30 days; written once a day at most."""
        expires_at = await self._expires_at(user_id, network)
        if expires_at is not None and expires_at > now + KEPT - RENEWED:
            return
        statement = upsert(self._database, known_addresses).values(
            digest=_digest_of(user_id, network), user_id=user_id, expires_at=now + KEPT
        )
        await self._database.change(
            statement.on_conflict_do_update(
                index_elements=[known.digest], set_={"expires_at": now + KEPT}
            )
        )

    async def _expires_at(self, user_id: str, network: str) -> datetime | None:
        row: tuple[bytes, datetime] | None = await self._by_digest(_digest_of(user_id, network))
        return row[1] if row is not None else None


def _digest_of(user_id: str, network: str) -> bytes:
    return hashlib.sha256(f"{user_id} {network}".encode()).digest()
