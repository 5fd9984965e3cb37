"""Queries about passkeys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, delete, func, insert, select, update

from app.database.constraints import unique
from app.database.database import Database
from app.database.errors import ConflictingRowError
from app.database.turns import gives_way
from app.models.audit_outbox import NewEvent
from app.models.passkeys import Passkey, passkeys
from app.models.upstream import upstream_identities, upstream_providers
from app.models.users import User, users
from app.repositories.audit_outbox import change_with_event, write_events
from app.repositories.credentials import renew_credentials
from app.repositories.inserts import values_in
from app.repositories.owners import lock_owner
from app.security.passwords import has_password

passkey = passkeys.c
CREDENTIAL = unique(passkey.credential_id)
Added = Literal["added", "known", "too many", "no owner"]


class PasskeyRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    @gives_way
    async def add(self, made: Passkey, owner: User, *, at_most: int, event: NewEvent) -> Added:
        """Stores a passkey, unless the credential is registered already, for whomever, its owner
        has so many, or got other credentials since he was read.

        With it he has a second factor: the secret of an enrolment that he never confirmed dies.
        """
        unconfirmed = (
            update(users)
            .where(users.c.user_id == made.user_id, users.c.otp_confirmed_at.is_(None))
            .values(otp_secret=None, otp_last_step=None, otp_recent_steps=None)
        )
        theirs = select(func.count()).where(passkey.user_id == made.user_id)
        try:
            async with self._database.transaction(CREDENTIAL) as connection:
                if not await lock_owner(connection, owner):  # of two at once, one counts the other
                    return "no owner"
                if (await connection.scalar(theirs) or 0) >= at_most:
                    return "too many"
                await connection.execute(insert(passkeys).values(values_in(passkeys, made)))
                await connection.execute(unconfirmed)
                await write_events(connection, event)
        except ConflictingRowError:
            return "known"
        return "added"

    async def find_by_credential(self, credential_id: bytes) -> Passkey | None:
        row: Any = await self._database.fetch_one(
            select(passkeys).where(passkey.credential_id == credential_id)
        )
        return Passkey(*row) if row is not None else None

    async def list_of(self, user_id: str) -> Sequence[Passkey]:
        rows: Sequence[Any] = await self._database.fetch_all(
            select(passkeys)
            .where(passkey.user_id == user_id)
            .order_by(passkey.created_at, passkey.passkey_id)
        )
        return [Passkey(*row) for row in rows]

    async def count_of(self, user_id: str) -> int:
        row = await self._database.fetch_one(select(func.count()).where(passkey.user_id == user_id))
        return int(row[0]) if row is not None else 0

    async def use(self, used: Passkey, *, sign_count: int, is_synced: bool, now: datetime) -> bool:
        """Takes the authenticator's new count; False where the passkey was used or removed since
        it was read, so that of two answers with the same count only one counts."""
        changed = await self._database.change(
            update(passkeys)
            .where(passkey.passkey_id == used.passkey_id, passkey.sign_count == used.sign_count)
            .values(sign_count=sign_count, is_synced=is_synced, last_used_at=now)
            .returning(passkey.passkey_id)
        )
        return bool(changed)

    async def rename(self, user_id: str, passkey_id: str, name: str, *, event: NewEvent) -> bool:
        """False where this person has no such passkey."""
        statement = (
            update(passkeys)
            .where(passkey.user_id == user_id, passkey.passkey_id == passkey_id)
            .values(name=name)
            .returning(passkey.passkey_id)
        )
        return bool(await change_with_event(self._database, statement, event))

    @gives_way
    async def remove(
        self,
        user_id: str,
        passkey_id: str,
        *,
        even_last: bool,
        but: str | None,
        now: datetime,
        event: NewEvent,
    ) -> Passkey | Literal["last"] | None:
        """Remove a passkey and return it; None where the user has no such one. Every sign-in ends,
        but that of the session `but`.

        Unless `even_last`, "last" where nothing else is left to sign in with; the row of the
        person is locked meanwhile, so of two last ones only one can go.
        """
        this = (passkey.user_id == user_id, passkey.passkey_id == passkey_id)
        async with self._database.transaction() as connection:
            password_hash = await connection.scalar(
                select(users.c.password_hash).where(users.c.user_id == user_id).with_for_update()
            )
            found: Any = (await connection.execute(select(passkeys).where(*this))).first()
            if found is None:
                return None
            if not (even_last or has_password(str(password_hash))):
                others = await connection.scalar(_other_ways(user_id, passkey_id))
                if not others:
                    return "last"
            await connection.execute(delete(passkeys).where(*this))
            await renew_credentials(connection, user_id, but=but, now=now)
            await write_events(connection, event)
            return Passkey(*found)


def _other_ways(user_id: str, passkey_id: str) -> Select[tuple[int]]:
    """How many other passkeys, and accounts at providers that still count, a person has."""
    keys = (
        select(func.count())
        .where(passkey.user_id == user_id, passkey.passkey_id != passkey_id)
        .scalar_subquery()
    )
    identities = (
        select(func.count())
        .select_from(
            upstream_identities.join(
                upstream_providers, upstream_providers.c.name == upstream_identities.c.provider
            )
        )
        .where(upstream_identities.c.user_id == user_id, upstream_providers.c.disabled_at.is_(None))
        .scalar_subquery()
    )
    return select(keys + identities)
