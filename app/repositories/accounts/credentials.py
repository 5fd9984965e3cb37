"""Changes to a user's credentials that end all their sign-ins, in one transaction each."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Table, Update, delete, exists, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.accounts.unconfirmed_users import unconfirmed_users
from app.models.accounts.users import User, users
from app.models.factors.passkeys import passkeys
from app.models.factors.recovery_codes import recovery_codes
from app.models.factors.trusted_browsers import trusted_browsers
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.administrators import (
    require_may_change_user,
    user_is_not_last_administrator,
)
from app.repositories.accounts.owners import lock_user
from app.repositories.accounts.session_endings import end_sessions
from app.repositories.operations.audit_outbox import write_events
from app.security.tokens import new_identifier

SUBSTITUTES = (recovery_codes, trusted_browsers)
"""Tables of what substitutes for a second factor."""


class CredentialRepository:
    """Changes to credentials. The session `except_session_id` stays, under the new credentials.

    `is_full` says that the caller is a full administrator, or the user.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reset_otp(
        self, user_id: str, otp_secret: bytes, *, is_full: bool, now: datetime, event: NewEvent
    ) -> bool:
        """Replace the TOTP secret with a new, unconfirmed one, and end all sign-ins.

        The recovery codes and trusted browsers, which substitute for the old secret, are deleted.
        """
        return await self._exchange_factor(
            user_id,
            event,
            is_full=is_full,
            now=now,
            otp_secret=otp_secret,
            otp_confirmed_at=None,
            otp_last_step=None,
        )

    async def remove_factors(
        self, user_id: str, *, is_full: bool, now: datetime, event: NewEvent
    ) -> bool:
        """Remove the TOTP secret, all passkeys and what substitutes for them; end all sign-ins."""
        return await self._exchange_factor(
            user_id,
            event,
            is_full=is_full,
            now=now,
            emptied_tables=(passkeys,),
            otp_secret=None,
            otp_confirmed_at=None,
            otp_last_step=None,
        )

    async def replace_otp(
        self,
        user: User,
        otp_secret: bytes,
        step: int,
        *,
        except_session_id: str,
        now: datetime,
        event: NewEvent,
    ) -> bool:
        """Replace the TOTP secret with one whose code was just verified, like `reset_otp`.

        The `except_session_id` is not ended. Return False if the user's credentials changed since
        `user` was read.
        """
        return await self._exchange_factor(
            user.user_id,
            event,
            users.c.credentials_version == user.credentials_version,
            is_full=True,
            except_session_id=except_session_id,
            now=now,
            otp_secret=otp_secret,
            otp_confirmed_at=now,
            otp_last_step=step,
        )

    async def remove_otp(
        self,
        user: User,
        *,
        keeps_factor: bool,
        except_session_id: str,
        now: datetime,
        event: NewEvent,
    ) -> bool:
        """Delete the TOTP secret and what substitutes for it, like `reset_otp`.

        The `except_session_id` is not ended. Return False if the user's credentials changed since
        `user` was read, and with `keeps_factor` if the user has no passkey.
        """
        has_passkey = exists().where(passkeys.c.user_id == users.c.user_id)
        return await self._exchange_factor(
            user.user_id,
            event,
            users.c.credentials_version == user.credentials_version,
            *([has_passkey] if keeps_factor else []),
            is_full=True,
            except_session_id=except_session_id,
            now=now,
            otp_secret=None,
            otp_confirmed_at=None,
            otp_last_step=None,
        )

    async def _exchange_factor(
        self,
        user_id: str,
        event: NewEvent,
        *conditions: ColumnElement[bool],
        is_full: bool,
        except_session_id: str | None = None,
        now: datetime,
        emptied_tables: Sequence[Table] = (),
        **values: object,
    ) -> bool:
        statement = changed_user(
            user_id,
            *conditions,
            otp_drift=0,
            otp_recent_steps=None,
            credentials_version=new_identifier(),
            **values,
        )
        return await self._end_sign_ins(
            user_id,
            statement,
            event,
            is_full=is_full,
            except_session_id=except_session_id,
            now=now,
            emptied_tables=(*emptied_tables, *SUBSTITUTES, unconfirmed_users),
        )

    async def set_password_hash(
        self,
        user_id: str,
        password_hash: str,
        *,
        is_full: bool,
        known_version: str | None = None,
        except_session_id: str | None = None,
        now: datetime,
        event: NewEvent,
    ) -> bool:
        """Set a new password and end all sign-ins, also pending ones, except `except_session_id`.

        Return False if the user's credentials version is not `known_version`.
        """
        conditions = (
            [users.c.credentials_version == known_version] if known_version is not None else []
        )
        statement = changed_user(
            user_id,
            *conditions,
            password_hash=password_hash,
            credentials_version=new_identifier(),
        )
        return await self._end_sign_ins(
            user_id,
            statement,
            event,
            is_full=is_full,
            except_session_id=except_session_id,
            now=now,
        )

    @retries_on_lock
    async def set_disabled(
        self,
        user_id: str,
        disabled_at: datetime | None,
        *,
        is_full: bool,
        now: datetime,
        event: NewEvent,
    ) -> bool:
        """Disable a user and end all their sign-ins, or re-enable them if `disabled_at` is None.

        Raises `LastAdministratorError`.
        """
        async with self._database.transaction() as connection:
            if not await lock_user(connection, user_id):
                return False
            await require_may_change_user(connection, user_id, is_full=is_full)
            async with user_is_not_last_administrator(connection, user_id):
                await connection.execute(changed_user(user_id, disabled_at=disabled_at))
            if disabled_at is not None:
                await end_sessions(connection, user_id, except_session_id=None, now=now)
            await write_events(connection, event)
        return True

    @retries_on_lock
    async def _end_sign_ins(
        self,
        user_id: str,
        statement: Update,
        event: NewEvent,
        *,
        is_full: bool,
        except_session_id: str | None,
        now: datetime,
        emptied_tables: Sequence[Table] = (),
    ) -> bool:
        async with self._database.transaction() as connection:
            if (await connection.execute(statement)).first() is None:
                return False
            await require_may_change_user(connection, user_id, is_full=is_full)
            for table in emptied_tables:
                await connection.execute(delete(table).where(table.c.user_id == user_id))
            await end_sessions(connection, user_id, except_session_id=except_session_id, now=now)
            await write_events(connection, event)
        return True


async def renew_credentials(
    connection: AsyncConnection, user_id: str, *, except_session_id: str | None, now: datetime
) -> None:
    """End all sign-ins of a user, including pending ones, except `except_session_id`.

    The password and the second factors are not changed.
    """
    await connection.execute(changed_user(user_id, credentials_version=new_identifier()))
    await end_sessions(connection, user_id, except_session_id=except_session_id, now=now)


def changed_user(user_id: str, *conditions: ColumnElement[bool], **values: object) -> Update:
    """Return an update of a user that returns the `user_id` if the conditions hold."""
    statement: Update = (
        update(users)
        .where(users.c.user_id == user_id, *conditions)
        .values(**values)
        .returning(users.c.user_id)
    )
    return statement
