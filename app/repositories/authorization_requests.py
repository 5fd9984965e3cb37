"""Queries about authorization requests that are kept."""

from datetime import datetime

from sqlalchemy import or_, select, update

from app.database.database import Database
from app.models.authorization_requests import StoredRequest, authorization_requests
from app.repositories.inserts import upsert, values_in

request = authorization_requests.c


class AuthorizationRequestRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_digest = database.lookup(
            select(authorization_requests), key=request.digest, value=StoredRequest
        )

    async def add(self, made: StoredRequest) -> None:
        """Store a request; one that is there already stays as it is."""
        await self._database.change(
            upsert(self._database, authorization_requests)
            .values(values_in(authorization_requests, made))
            .on_conflict_do_nothing()
        )

    async def prolong(self, digest: bytes, *, expires_at: datetime) -> None:
        """Remember a request for longer, so that it is known whether it was used."""
        await self._database.change(
            update(authorization_requests)
            .where(request.digest == digest, request.expires_at < expires_at)
            .values(expires_at=expires_at)
        )

    async def find(self, digest: bytes, *, now: datetime) -> StoredRequest | None:
        """The request, also one that was answered; None if unknown or expired."""
        found = await self._by_digest(digest)
        return found if found is not None and found.expires_at > now else None

    async def find_even_expired(self, digest: bytes) -> StoredRequest | None:
        """Return a request as long as housekeeping has not removed it."""
        return await self._by_digest(digest)

    async def set_session(self, digest: bytes, session_id: str) -> None:
        """Keeps which session was begun or chosen for this request."""
        await self._database.change(
            update(authorization_requests)
            .where(request.digest == digest)
            .values(session_id=session_id)
        )

    async def set_consent(self, digest: bytes, session_id: str) -> None:
        """Keeps in which session the person of this request allowed it."""
        await self._database.change(
            update(authorization_requests)
            .where(request.digest == digest)
            .values(consent_session_id=session_id)
        )

    async def use(self, digest: bytes, *, now: datetime) -> bool:
        """Take a request out of use; of several callers one gets True.

        It cannot be repeated: where the answer to the commit is lost, the row is read back.
        """
        by_another = or_(request.used_at.is_(None), request.used_at != now)
        witness = select(request.digest).where(request.digest == digest, by_another)
        used = await self._database.change(
            update(authorization_requests)
            .where(request.digest == digest, request.used_at.is_(None), request.expires_at > now)
            .values(used_at=now)
            .returning(request.digest),
            witness=witness.with_for_update(),
        )
        return bool(used)
