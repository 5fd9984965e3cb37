"""Queries about personal access tokens."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, func, insert, or_, select, update

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.accounts.users import User, users
from app.models.oauth.personal_tokens import (
    PersonalToken,
    ValidPersonalToken,
    personal_tokens,
)
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.administrators import require_may_change_user
from app.repositories.accounts.owners import lock_owner, lock_user
from app.repositories.inserts import values_in
from app.repositories.operations.audit_outbox import write_events

token, user = personal_tokens.c, users.c

USE_WRITTEN_AFTER = timedelta(minutes=1)
"""The last use of a token is written at most once in this time."""

VALID = (
    select(
        token.user_id,
        token.audience,
        token.scope,
        token.created_at,
        token.expires_at,
        token.last_used_at,
        user.username,
        user.pairwise_salt,
    )
    .select_from(personal_tokens.join(users, user.user_id == token.user_id))
    .where(user.disabled_at.is_(None), user.credentials_version == token.credentials_version)
)

Added = Literal["added", "too many", "no owner"]


class PersonalTokenRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._valid = database.lookup(VALID, key=token.digest, value=ValidPersonalToken)

    @retries_on_lock
    async def add(
        self,
        personal_token: PersonalToken,
        owner: User,
        *,
        at_most: int,
        now: datetime,
        event: NewEvent,
    ) -> Added:
        """Store a token, and delete those of the owner that are no longer valid.

        Return "no owner" if the owner was deleted or their credentials changed since `owner` was
        read, and "too many" if the owner has `at_most` valid tokens.
        """
        ended = delete(personal_tokens).where(
            token.user_id == personal_token.user_id,
            or_(
                token.expires_at <= now,
                token.credentials_version != personal_token.credentials_version,
            ),
        )
        count = select(func.count()).where(token.user_id == personal_token.user_id)
        async with self._database.transaction() as connection:
            if not await lock_owner(connection, owner):  # so concurrent calls are counted
                return "no owner"
            await connection.execute(ended)
            if (await connection.scalar(count) or 0) >= at_most:
                return "too many"
            await connection.execute(
                insert(personal_tokens).values(values_in(personal_tokens, personal_token))
            )
            await write_events(connection, event)
        return "added"

    async def find_valid(self, digest: bytes, *, now: datetime) -> ValidPersonalToken | None:
        """Return the token, or None if it is unknown or expired.

        None also if its user is disabled, or changed their credentials since it was created.
        """
        stored = await self._valid(digest)
        return stored if stored is not None and stored.expires_at > now else None

    async def list_of(self, user_id: str, *, now: datetime) -> Sequence[PersonalToken]:
        """Return the tokens of a user that have not ended, the newest first."""
        statement = (
            select(personal_tokens)
            .select_from(personal_tokens.join(users, user.user_id == token.user_id))
            .where(
                token.user_id == user_id,
                token.expires_at > now,
                user.credentials_version == token.credentials_version,
            )
            .order_by(token.created_at.desc(), token.token_id)
        )
        return await self._database.find_all(statement, value=PersonalToken)

    @retries_on_lock
    async def revoke(self, user_id: str, token_id: str, *, is_full: bool, event: NewEvent) -> bool:
        """Delete a token; return False if the user has no such token.

        `is_full` says that the caller is a full administrator, or the user. Raises
        `FullAdministratorRequiredError` for a user with a reserved role.
        """
        statement = (
            delete(personal_tokens)
            .where(token.user_id == user_id, token.token_id == token_id)
            .returning(token.token_id)
        )
        async with self._database.transaction() as connection:
            if not await lock_user(connection, user_id):
                return False
            await require_may_change_user(connection, user_id, is_full=is_full)
            deleted = (await connection.execute(statement)).all()
            if deleted:
                await write_events(connection, event)
        return bool(deleted)

    async def note_use(self, digest: bytes, *, now: datetime) -> None:
        """Write that a token is used, unless that was written within the last minute."""
        await self._database.change(
            update(personal_tokens)
            .where(
                token.digest == digest,
                or_(
                    token.last_used_at.is_(None),
                    token.last_used_at <= now - USE_WRITTEN_AFTER,
                ),
            )
            .values(last_used_at=now)
        )
