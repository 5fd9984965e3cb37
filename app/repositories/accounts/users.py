"""Queries about users."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    case,
    cast,
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
from app.database.lock_retries import retries_on_lock
from app.database.types import Instant
from app.models.accounts.unconfirmed_users import unconfirmed_users
from app.models.accounts.user_claims import email_key_in
from app.models.accounts.users import User, users
from app.models.factors.passkeys import passkeys
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.administrators import (
    require_may_change_user,
    require_may_verify,
)
from app.repositories.accounts.credentials import CredentialRepository, changed_user
from app.repositories.accounts.owners import lock_owner, lock_user
from app.repositories.accounts.search_index import index_new_user
from app.repositories.accounts.stored_claims import store_claims
from app.repositories.inserts import values_in
from app.repositories.operations.audit_outbox import change_with_event, write_events
from app.security import totp

REST_OF_DRIFT = 10
USERNAME = unique(users.c.username_key)
RECENT_STEPS = 200
"""Maximum length of `otp_recent_steps` in characters: about the last twenty codes."""


class UserRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self.credentials = CredentialRepository(database)
        self._by_id = database.lookup(select(users), key=users.c.user_id, value=User)
        self._by_key = database.lookup(select(users), key=users.c.username_key, value=User)

    @retries_on_lock
    async def add(self, user: User, *, is_full: bool, event: NewEvent) -> bool:
        """Store a new user; return False if the username is taken.

        `is_full` says that the caller is a full administrator, or the user.
        """
        try:
            async with self._database.transaction(USERNAME) as connection:
                if user.email_key is not None:
                    await require_may_verify(
                        connection, user.email_key, of=user.user_id, is_full=is_full
                    )
                await connection.execute(insert(users).values(values_in(users, user)))
                await connection.execute(
                    insert(unconfirmed_users).values(user_id=user.user_id, since=user.created_at)
                )
                await index_new_user(connection, user)
                await write_events(connection, event)
        except ConflictingRowError:
            return False
        return True

    async def find_by_key(self, username_key: str) -> User | None:
        return await self._by_key(username_key)

    async def find(self, user_id: str) -> User | None:
        return await self._by_id(user_id)

    async def list_by_email(self, email_key: str, *, limit: int) -> Sequence[User]:
        """Return the users who have verified this email address, oldest account first."""
        return await self._database.find_all(
            select(users)
            .where(users.c.email_key == email_key)
            .order_by(users.c.created_at)
            .limit(limit),
            value=User,
        )

    async def list_page(self, *, after: str = "", limit: int = 100) -> Sequence[User]:
        """Return a page of users, ordered by `username_key`, beginning after `after`."""
        return await self._database.find_all(
            select(users)
            .where(users.c.username_key > after)
            .order_by(users.c.username_key)
            .limit(limit),
            value=User,
        )

    @retries_on_lock
    async def enroll_otp(self, user: User, otp_secret: bytes) -> bool:
        """Replace the secret of an unconfirmed TOTP enrolment.

        Return False if the enrolment is confirmed, if the user has a passkey (which already is a
        second factor), or if the user's credentials changed since `user` was read.
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
            if not await lock_owner(connection, user):  # a passkey may be added concurrently
                return False
            changed = await connection.execute(statement)
            return changed.first() is not None

    async def use_otp_step(
        self,
        user: User,
        step: int,
        *,
        now: datetime,
        drift: int | None = None,
        event: NewEvent | None,
    ) -> bool:
        """Consume a TOTP time step.

        Return False if this step or a later one was already used, or if the user's secret is no
        longer the one that the code was checked against.

        A later step is ignored if no current code can have it, because it was used before the
        server's clock was set back. Its code remains used, as do the last twenty codes.

        Checking and consuming are one statement, so of two requests with the same code only one
        succeeds (RFC 6238 section 5.2). The first use confirms the enrolment.

        `drift` is the drift of the device's clock according to this code, in time steps. It is
        stored (section 6) unless another code was used within the last minutes, so that entering
        codes one after the other on purpose does not change it.
        """
        last_step = users.c.otp_last_step
        is_long_ago = last_step <= step - REST_OF_DRIFT
        previous_step = literal(" ") + cast(last_step, String) + literal(" ")
        earlier_steps = func.coalesce(users.c.otp_recent_steps, previous_step, " ")
        return await self._update(
            user.user_id,
            event,
            users.c.otp_secret == user.otp_secret,
            or_(
                last_step.is_(None),
                last_step < step,
                and_(last_step != step, last_step > totp.latest_step(now=now) + users.c.otp_drift),
            ),
            ~func.coalesce(users.c.otp_recent_steps, "").contains(f" {step} "),
            otp_last_step=step,
            otp_recent_steps=func.substr(literal(f" {step}") + earlier_steps, 1, RECENT_STEPS),
            otp_drift=users.c.otp_drift
            if drift is None
            else case((is_long_ago, drift), else_=users.c.otp_drift),
            otp_confirmed_at=func.coalesce(users.c.otp_confirmed_at, literal(now, Instant())),
        )

    async def replace_password_hash(self, user_id: str, *, old: str, new: str) -> bool:
        """Store a rehash of the same password, unless the password was changed meanwhile."""
        return await self._update(user_id, None, users.c.password_hash == old, password_hash=new)

    @retries_on_lock
    async def replace_claims(
        self, user: User, claims: str, *, is_full: bool, now: datetime, event: NewEvent
    ) -> bool:
        """Store the claims of a user; return False if they changed since `user` was read.

        `is_full` says that the caller is a full administrator, or the user.
        """
        email_key = email_key_in(claims)
        async with self._database.transaction() as connection:
            if not await store_claims(connection, user, claims, now=now):
                return False
            await require_may_change_user(connection, user.user_id, is_full=is_full)
            if email_key is not None and email_key != user.email_key:
                await require_may_verify(connection, email_key, of=user.user_id, is_full=is_full)
            await write_events(connection, event)
        return True

    @retries_on_lock
    async def record(self, user_id: str, *, is_full: bool, event: NewEvent) -> bool:
        """Write the event of what an administrator does to a user outside of this database.

        Return False if the user was deleted. `is_full` says that the caller is a full
        administrator. Raises `FullAdministratorRequiredError`.
        """
        async with self._database.transaction() as connection:
            if not await lock_user(connection, user_id):
                return False
            await require_may_change_user(connection, user_id, is_full=is_full)
            await write_events(connection, event)
        return True

    async def _update(
        self,
        user_id: str,
        event: NewEvent | None,
        *conditions: ColumnElement[bool],
        **values: object,
    ) -> bool:
        statement = changed_user(user_id, *conditions, **values)
        return bool(await change_with_event(self._database, statement, event))
