"""Queries about stored authorization requests."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select, update

from app.database.database import Database
from app.models.oauth.authorization_requests import StoredRequest, authorization_requests
from app.repositories.inserts import upsert, values_in

request = authorization_requests.c


class AuthorizationRequestRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_digest = database.lookup(
            select(authorization_requests), key=request.digest, value=StoredRequest
        )

    async def add(self, stored_request: StoredRequest) -> None:
        """Store a request; do nothing if it is already stored."""
        await self._database.change(
            upsert(self._database, authorization_requests)
            .values(values_in(authorization_requests, stored_request))
            .on_conflict_do_nothing()
        )

    async def prolong(self, digest: bytes, *, expires_at: datetime) -> None:
        """Extend the expiry of a request, so that it remains known whether it was used."""
        await self._database.change(
            update(authorization_requests)
            .where(request.digest == digest, request.expires_at < expires_at)
            .values(expires_at=expires_at)
        )

    async def find(self, digest: bytes, *, now: datetime) -> StoredRequest | None:
        """Return the request, even if it was answered, or None if it is unknown or expired."""
        stored = await self._by_digest(digest)
        return stored if stored is not None and stored.expires_at > now else None

    async def find_even_expired(self, digest: bytes) -> StoredRequest | None:
        """Return the request, even if it is expired, until housekeeping has deleted it."""
        return await self._by_digest(digest)

    async def set_session(self, digest: bytes, session_id: str) -> None:
        """Store the session that was started or selected for this request."""
        await self._database.change(
            update(authorization_requests)
            .where(request.digest == digest)
            .values(session_id=session_id)
        )

    async def set_consent(self, digest: bytes, session_id: str) -> None:
        """Store the session in which the user gave consent to this request."""
        await self._database.change(
            update(authorization_requests)
            .where(request.digest == digest)
            .values(consent_session_id=session_id)
        )

    async def use(self, digest: bytes, *, now: datetime) -> bool:
        """Consume a request. Of several callers, only one gets True.

        The statement cannot be repeated: if the response to the commit is lost, the row is read to
        find out whether the commit happened.
        """

        def witness() -> Select[Any]:
            is_not_ours = or_(request.used_at.is_(None), request.used_at != now)
            not_used = select(request.digest).where(request.digest == digest, is_not_ours)
            return not_used.with_for_update()

        rows = await self._database.change(
            update(authorization_requests)
            .where(request.digest == digest, request.used_at.is_(None), request.expires_at > now)
            .values(used_at=now)
            .returning(request.digest),
            witness=witness,
        )
        return bool(rows)
