"""Queries about the networks that users recently signed in from, stored as digests only."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select

from app.database.database import Database
from app.models.accounts.known_networks import known_addresses
from app.models.accounts.users import User
from app.repositories.inserts import upsert
from app.repositories.operations.attempt_rows import AttemptLookup, attempt_lookup, find_rows

known = known_addresses.c
KNOWN_FOR = timedelta(days=30)
RENEWED = timedelta(days=1)
NOBODY = "nobody"


class Way(StrEnum):
    """How a user signed in. A network is known for each way separately."""

    PAGES = "pages"
    GRANT = "password grant"


class KnownNetworkRepository:
    """Known networks. A network is no longer known after the user's credentials change."""

    def __init__(self, database: Database, rows: AttemptLookup | None = None) -> None:
        self._database = database
        self._rows = rows or attempt_lookup(database)

    async def known_until(
        self, user: User | None, network: str, ways: Sequence[Way], *, now: datetime
    ) -> Sequence[datetime]:
        """Return the expiry for each of the ways for which the network is known.

        The lookup takes equally long if `user` is None.
        """
        digests = [digest_of_place(user, network, way) for way in ways]
        rows = await find_rows(self._rows, digests)
        return [row.expires_at for row in rows.values() if row.expires_at > now]

    async def remember(self, user: User, network: str, way: Way, *, now: datetime) -> bool:
        """Remember a network for 30 days; write it at most once a day.

        Return True if the network is new and the user has other known networks.
        """
        digest = digest_of_place(user, network, way)
        expires_at = await self._expires_at(digest)
        if expires_at is not None and is_lately_known(expires_at, now=now):
            return False
        statement = upsert(self._database, known_addresses).values(
            digest=digest, user_id=user.user_id, expires_at=now + KNOWN_FOR
        )
        await self._database.change(
            statement.on_conflict_do_update(
                index_elements=[known.digest], set_={"expires_at": now + KNOWN_FOR}
            )
        )
        if expires_at is not None and expires_at > now:
            return False
        other_networks = select(known.digest).where(
            known.user_id == user.user_id, known.digest != digest, known.expires_at > now
        )
        return await self._database.exists(other_networks.limit(1))

    async def _expires_at(self, digest: bytes) -> datetime | None:
        row = await self._rows(digest)
        return row.expires_at if row is not None else None


def is_lately_known(expires_at: datetime, *, now: datetime) -> bool:
    """Return whether a network was stored within the last day and need not be written again."""
    return expires_at > now + KNOWN_FOR - RENEWED


def digest_of_place(user: User | None, network: str, way: Way) -> bytes:
    """Return the key under which a network of a user is stored."""
    owner = f"{user.user_id} {user.credentials_version}" if user is not None else NOBODY
    return hashlib.sha256(f"{owner} {way} {network}".encode()).digest()
