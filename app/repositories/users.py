"""Queries about people."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from app.database.constraints import unique
from app.database.database import Database
from app.database.errors import ConflictingRowError
from app.database.types import Instant
from app.models.passkeys import passkeys
from app.models.recovery_codes import recovery_codes
from app.models.remembered_browsers import remembered_browsers
from app.models.unconfirmed_users import unconfirmed_users
from app.models.users import User, users
from app.repositories.inserts import values_in
from app.repositories.owners import lock_owner
from app.schemas.claims import email_key_in
from app.security import totp
from app.security.tokens import new_identifier

REST_OF_DRIFT = 10
USERNAME = unique(users.c.username_key)
RECENT_STEPS = 200
"""Characters: the last twenty codes."""


class UserRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_id = database.lookup(select(users), key=users.c.user_id, value=User)
        self._by_key = database.lookup(select(users), key=users.c.username_key, value=User)

    async def add(self, user: User) -> bool:
        """Stores a new person; False where the name is taken."""
        try:
            async with self._database.transaction(USERNAME) as connection:
                await connection.execute(insert(users).values(values_in(users, user)))
                await connection.execute(
                    insert(unconfirmed_users).values(user_id=user.user_id, since=user.created_at)
                )
        except ConflictingRowError:
            return False
        return True

    async def find_by_key(self, username_key: str) -> User | None:
        return await self._by_key(username_key)

    async def find(self, user_id: str) -> User | None:
        return await self._by_id(user_id)

    async def list_by_email(self, email_key: str, *, limit: int) -> Sequence[User]:
        """Those who proved that this address is theirs."""
        rows: Sequence[Any] = await self._database.fetch_all(
            select(users)
            .where(users.c.email_key == email_key)
            .order_by(users.c.created_at)
            .limit(limit)
        )
        return [User(*row) for row in rows]

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

        False where it is, where there is a passkey, which is a second factor already, and where
        the person got other credentials since `user` was read.
        """
        statement = (
            update(users)
            .where(
                users.c.user_id == user.user_id,
                users.c.otp_confirmed_at.is_(None),
                ~exists().where(passkeys.c.user_id == users.c.user_id),
            )
            .values(otp_secret=otp_secret, otp_last_step=None, otp_recent_steps=None, otp_drift=0)
            .returning(users.c.user_id)
        )
        async with self._database.transaction() as connection:
            if not await lock_owner(connection, user):  # a passkey may be added at this moment
                return False
            changed = await connection.execute(statement)
            return changed.first() is not None

    async def use_otp_step(
        self, user: User, step: int, *, now: datetime, drift: int | None = None
    ) -> bool:
        """Takes a time step out of use; False where it, or a later one, was used before, and where
        the secret is no longer the one that the code was checked with.

        A later one does not count if no code of now can have it: it was used under a clock that
        was set back since. Its own code stays used, as do those of the last twenty.

        Checking and using are one statement, so of two requests with the same code only one
        wins (RFC 6238 section 5.2). The first use confirms the enrolment.

        `drift` is what this code says of the clock of the device. It is kept (section 6) unless
        another code was used within the last minutes: who enters one after the other on purpose
        does not move it.
        """
        last_step = users.c.otp_last_step
        is_long_ago = last_step <= step - REST_OF_DRIFT
        before = literal(" ") + cast(last_step, String) + literal(" ")
        earlier = func.coalesce(users.c.otp_recent_steps, before, " ")
        return await self._update(
            user.user_id,
            users.c.otp_secret == user.otp_secret,
            or_(
                last_step.is_(None),
                last_step < step,
                and_(last_step != step, last_step > totp.latest_step(now=now) + users.c.otp_drift),
            ),
            ~func.coalesce(users.c.otp_recent_steps, "").contains(f" {step} "),
            otp_last_step=step,
            otp_recent_steps=func.substr(literal(f" {step}") + earlier, 1, RECENT_STEPS),
            otp_drift=users.c.otp_drift
            if drift is None
            else case((is_long_ago, drift), else_=users.c.otp_drift),
            otp_confirmed_at=func.coalesce(users.c.otp_confirmed_at, literal(now, Instant())),
        )

    async def reset_otp(self, user_id: str, otp_secret: bytes) -> bool:
        """Puts a new, unconfirmed secret in the place of any older one; ends every sign-in, and
        what stood in for the old one."""
        return await self._exchange_factor(
            user_id, otp_secret=otp_secret, otp_confirmed_at=None, otp_last_step=None
        )

    async def replace_otp(self, user: User, otp_secret: bytes, step: int, *, now: datetime) -> bool:
        """Puts a secret whose code was just right in the place of the old one, as `reset_otp`.

        False where the person got other credentials since `user` was read.
        """
        return await self._exchange_factor(
            user.user_id,
            users.c.credentials_version == user.credentials_version,
            otp_secret=otp_secret,
            otp_confirmed_at=now,
            otp_last_step=step,
        )

    async def _exchange_factor(
        self, user_id: str, *conditions: ColumnElement[bool], **values: object
    ) -> bool:
        changed = (
            update(users)
            .where(users.c.user_id == user_id, *conditions)
            .values(
                otp_drift=0,
                otp_recent_steps=None,
                credentials_version=new_identifier(),
                **values,
            )
            .returning(users.c.user_id)
        )
        async with self._database.transaction() as connection:
            if (await connection.execute(changed)).first() is None:
                return False
            for table in (recovery_codes, remembered_browsers, unconfirmed_users):
                await connection.execute(delete(table).where(table.c.user_id == user_id))
        return True

    async def renew_credentials(self, user_id: str) -> bool:
        """Ends every sign-in, also one that is under way, and leaves password and factors."""
        return await self._update(user_id, credentials_version=new_identifier())

    async def set_password_hash(
        self, user_id: str, password_hash: str, *, known_version: str | None = None
    ) -> bool:
        """Sets another password and ends every sign-in, also one that is under way.

        False where the person has other credentials than those of `known_version`.
        """
        conditions = (
            [users.c.credentials_version == known_version] if known_version is not None else []
        )
        return await self._update(
            user_id,
            *conditions,
            password_hash=password_hash,
            credentials_version=new_identifier(),
        )

    async def replace_password_hash(self, user_id: str, *, old: str, new: str) -> bool:
        """Stores the same password under other parameters, unless it was changed meanwhile."""
        return await self._update(user_id, users.c.password_hash == old, password_hash=new)

    async def replace_claims(self, user: User, claims: str, *, now: datetime) -> bool:
        """Stores what is kept about a person; False where it changed since `user` was read."""
        return await self._update(
            user.user_id,
            users.c.claims == user.claims,
            claims=claims,
            claims_updated_at=now,
            email_key=email_key_in(claims),
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
