"""Queries about people."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, insert, literal, or_, select, update

from app.database.database import Database
from app.database.errors import ConflictingRowError
from app.database.types import Instant
from app.models.users import User, users
from app.repositories.inserts import values_in
from app.security.tokens import new_identifier


class UserRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_id = database.lookup(select(users), key=users.c.user_id, value=User)
        self._by_key = database.lookup(select(users), key=users.c.username_key, value=User)

    async def add(self, user: User) -> bool:
        """Stores a new person; False where the name is taken."""
        try:
            await self._database.change(insert(users).values(values_in(users, user)))
        except ConflictingRowError:
            return False
        return True

    async def find_by_key(self, username_key: str) -> User | None:
        return await self._by_key(username_key)

    async def find(self, user_id: str) -> User | None:
        return await self._by_id(user_id)

    async def list_page(self, *, after: str = "", limit: int = 100) -> Sequence[User]:
        """A page of people in the order of their names."""
        rows: Sequence[Any] = await self._database.fetch_all(
            select(users)
            .where(users.c.username_key > after)
            .order_by(users.c.username_key)
            .limit(limit)
        )
        return [User(*row) for row in rows]

    async def enroll_otp(self, user: User, otp_secret: bytes) -> bool:
        """Replaces the secret of an enrolment that is not confirmed yet.

        False where it is, or where the person got other credentials since `user` was read.
        """
        return await self._update(
            user.user_id,
            users.c.otp_confirmed_at.is_(None),
            users.c.credentials_version == user.credentials_version,
            otp_secret=otp_secret,
            otp_last_step=None,
        )

    async def use_otp_step(self, user: User, step: int, *, now: datetime) -> bool:
        """Takes a time step out of use; False where it, or a later one, was used before, and where
        the secret is no longer the one that the code was checked with.

        Checking and using are one statement, so of two requests with the same code only one
        wins (RFC 6238 section 5.2). The first use confirms the enrolment.
        """
        return await self._update(
            user.user_id,
            users.c.otp_secret == user.otp_secret,
            or_(users.c.otp_last_step.is_(None), users.c.otp_last_step < step),
            otp_last_step=step,
            otp_confirmed_at=func.coalesce(users.c.otp_confirmed_at, literal(now, Instant())),
        )

    async def reset_otp(self, user_id: str, otp_secret: bytes) -> bool:
        """Puts a new, unconfirmed secret in the place of any older one; ends every sign-in."""
        return await self._update(
            user_id,
            otp_secret=otp_secret,
            otp_confirmed_at=None,
            otp_last_step=None,
            credentials_version=new_identifier(),
        )

    async def set_password_hash(self, user_id: str, password_hash: str) -> bool:
        """Sets another password and ends every sign-in, also one that is under way."""
        return await self._update(
            user_id, password_hash=password_hash, credentials_version=new_identifier()
        )

    async def replace_password_hash(self, user_id: str, *, old: str, new: str) -> bool:
        """Stores the same password under other parameters, unless it was changed meanwhile."""
        return await self._update(user_id, users.c.password_hash == old, password_hash=new)

    async def replace_claims(self, user: User, claims: str, *, now: datetime) -> bool:
        """Stores what is kept about a person; False where it changed since `user` was read."""
        return await self._update(
            user.user_id, users.c.claims == user.claims, claims=claims, claims_updated_at=now
        )

    async def set_disabled(self, user_id: str, disabled_at: datetime | None) -> bool:
        return await self._update(user_id, disabled_at=disabled_at)

    async def _update(
        self, user_id: str, *conditions: ColumnElement[bool], **values: object
    ) -> bool:
        changed = await self._database.change(
            update(users)
            .where(users.c.user_id == user_id, *conditions)
            .values(**values)
            .returning(users.c.user_id)
        )
        return bool(changed)
