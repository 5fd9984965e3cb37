"""Queries about passkeys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, delete, func, insert, select, update

from app.database.constraints import unique
from app.database.database import Database
from app.database.errors import ConflictingRowError
from app.database.lock_retries import retries_on_lock
from app.models.accounts.users import User, users
from app.models.factors.passkeys import Passkey, passkeys
from app.models.federation.identity_providers import upstream_identities, upstream_providers
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.administrators import require_may_change_user
from app.repositories.accounts.credentials import renew_credentials
from app.repositories.accounts.owners import lock_owner
from app.repositories.inserts import values_in
from app.repositories.operations.audit_outbox import change_with_event, write_events
from app.security.passwords import has_password

passkey = passkeys.c
CREDENTIAL = unique(passkey.credential_id)
Added = Literal["added", "known", "too many", "not first", "no owner"]


class PasskeyRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def add(
        self,
        new_passkey: Passkey,
        owner: User,
        *,
        at_most: int,
        is_first_factor: bool = False,
        event: NewEvent,
    ) -> Added:
        """Store a passkey.

        Return "known" if the credential is already registered, for any user, "too many" if the
        owner already has `at_most` passkeys, and "no owner" if the owner was deleted or their
        credentials changed since `owner` was read. If the passkey is meant to be the
        first of the owner's second factors, return "not first" if they have one already.

        A passkey is a second factor, so the secret of an unconfirmed TOTP enrolment is deleted.
        """
        clear_unconfirmed_otp = (
            update(users)
            .where(users.c.user_id == new_passkey.user_id, users.c.otp_confirmed_at.is_(None))
            .values(otp_secret=None, otp_last_step=None, otp_recent_steps=None)
        )
        count = select(func.count()).where(passkey.user_id == new_passkey.user_id)
        confirmed_at = select(users.c.otp_confirmed_at).where(
            users.c.user_id == new_passkey.user_id
        )
        try:
            async with self._database.transaction(CREDENTIAL) as connection:
                if not await lock_owner(connection, owner):  # so concurrent calls are counted
                    return "no owner"
                number = await connection.scalar(count) or 0
                if is_first_factor and (await connection.scalar(confirmed_at) or number):
                    return "not first"
                if number >= at_most:
                    return "too many"
                await connection.execute(insert(passkeys).values(values_in(passkeys, new_passkey)))
                await connection.execute(clear_unconfirmed_otp)
                await write_events(connection, event)
        except ConflictingRowError:
            return "known"
        return "added"

    async def find_by_credential(self, credential_id: bytes) -> Passkey | None:
        return await self._database.find_one(
            select(passkeys).where(passkey.credential_id == credential_id),
            value=Passkey,
        )

    async def list_of(self, user_id: str) -> Sequence[Passkey]:
        return await self._database.find_all(
            select(passkeys)
            .where(passkey.user_id == user_id)
            .order_by(passkey.created_at, passkey.passkey_id),
            value=Passkey,
        )

    async def count_of(self, user_id: str) -> int:
        return await self._database.count(select(func.count()).where(passkey.user_id == user_id))

    async def use(self, used: Passkey, *, sign_count: int, is_synced: bool, now: datetime) -> bool:
        """Store the authenticator's new signature count after a sign-in.

        Return False if the passkey was used or removed since `used` was read, so that of two
        assertions with the same count only one is accepted.
        """
        changed = await self._database.change(
            update(passkeys)
            .where(passkey.passkey_id == used.passkey_id, passkey.sign_count == used.sign_count)
            .values(sign_count=sign_count, is_synced=is_synced, last_used_at=now)
            .returning(passkey.passkey_id)
        )
        return bool(changed)

    async def rename(self, user_id: str, passkey_id: str, name: str, *, event: NewEvent) -> bool:
        """Rename a passkey; return False if the user has no such passkey."""
        statement = (
            update(passkeys)
            .where(passkey.user_id == user_id, passkey.passkey_id == passkey_id)
            .values(name=name)
            .returning(passkey.passkey_id)
        )
        return bool(await change_with_event(self._database, statement, event))

    @retries_on_lock
    async def remove(
        self,
        user_id: str,
        passkey_id: str,
        *,
        even_last: bool,
        keeps_factor: bool,
        is_full: bool,
        except_session_id: str | None,
        now: datetime,
        event: NewEvent,
    ) -> Passkey | Literal["last", "last factor"] | None:
        """Remove a passkey and return it, or return None if the user has no such passkey.

        All sign-ins of the user end, except `except_session_id`. Unless `even_last`, return "last"
        if the user would have no other way to sign in. With `keeps_factor`, return "last factor" if
        they would have no second factor. The row of the user is locked meanwhile, so that two
        concurrent requests cannot remove the last two ways. `is_full` says that the caller is a
        full administrator, or the user.
        """
        is_this_passkey = (passkey.user_id == user_id, passkey.passkey_id == passkey_id)
        async with self._database.transaction() as connection:
            locked = await connection.execute(
                select(users.c.password_hash, users.c.otp_confirmed_at)
                .where(users.c.user_id == user_id)
                .with_for_update()
            )
            owner = locked.first()
            await require_may_change_user(connection, user_id, is_full=is_full)
            row: Any = (await connection.execute(select(passkeys).where(*is_this_passkey))).first()
            if row is None or owner is None:
                return None
            if keeps_factor and owner.otp_confirmed_at is None:
                others = await connection.scalar(_other_passkeys(user_id, passkey_id))
                if not others:
                    return "last factor"
            if not (even_last or has_password(owner.password_hash)):
                others = await connection.scalar(_other_ways(user_id, passkey_id))
                if not others:
                    return "last"
            await connection.execute(delete(passkeys).where(*is_this_passkey))
            await renew_credentials(
                connection, user_id, except_session_id=except_session_id, now=now
            )
            await write_events(connection, event)
            return Passkey(*row)


def _other_ways(user_id: str, passkey_id: str) -> Select[tuple[int]]:
    """Return a query for the number of the user's other ways to sign in.

    These are other passkeys, and identities at identity providers that are not disabled.
    """
    passkey_count = _other_passkeys(user_id, passkey_id).scalar_subquery()
    identity_count = (
        select(func.count())
        .select_from(
            upstream_identities.join(
                upstream_providers, upstream_providers.c.name == upstream_identities.c.provider
            )
        )
        .where(upstream_identities.c.user_id == user_id, upstream_providers.c.disabled_at.is_(None))
        .scalar_subquery()
    )
    return select(passkey_count + identity_count)


def _other_passkeys(user_id: str, passkey_id: str) -> Select[Any]:
    """Return a query for the number of the user's other passkeys."""
    return select(func.count()).where(passkey.user_id == user_id, passkey.passkey_id != passkey_id)
