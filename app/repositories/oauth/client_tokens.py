"""What an administrator sees of the tokens of a client, and their revocation.

The tokens that users got by one sign-in are a token family, which is revoked as a whole. A client
on its own behalf has access tokens without a family.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, exists, literal, or_, select, tuple_, update

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.database.types import Instant
from app.errors import FullAdministratorRequiredError
from app.models.accounts.users import users
from app.models.oauth.access_tokens import access_tokens
from app.models.oauth.token_families import token_families
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.administrators import (
    administrative_user_ids,
    lock_changeable_user,
)
from app.repositories.operations.audit_outbox import change_with_event, write_events

access, family, user = access_tokens.c, token_families.c, users.c


class FamilyPosition(NamedTuple):
    created_at: datetime
    family_id: str


class AccessPosition(NamedTuple):
    issued_at: datetime
    digest: bytes


@dataclass(frozen=True, slots=True)
class ClientFamily:
    """The valid tokens that a user let a client have by one sign-in, or one that it exchanged.

    `subject_client_id` is the client of the subject token of that, and `actors` who acts by it. It
    can be about a client, and has no user then.
    """

    family_id: str
    user_id: str | None
    username: str | None
    session_id: str | None
    scope: str
    created_at: datetime
    expires_at: datetime
    subject_client_id: str | None
    about_client_id: str | None
    actors: str | None

    @property
    def position(self) -> FamilyPosition:
        return FamilyPosition(self.created_at, self.family_id)


@dataclass(frozen=True, slots=True)
class ClientAccessToken:
    """A valid access token that a client has on its own behalf."""

    digest: bytes
    scope: str
    issued_at: datetime
    expires_at: datetime

    @property
    def position(self) -> AccessPosition:
        return AccessPosition(self.issued_at, self.digest)


class ClientTokenRepository:
    """Tokens of clients. `is_full` says that the caller is a full administrator, who alone may
    revoke the tokens of users with a reserved role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_families(
        self, client_id: str, *, after: FamilyPosition | None = None, now: datetime, limit: int
    ) -> Sequence[ClientFamily]:
        """Return a page of the valid token families of a client, the newest first."""
        query = (
            select(
                family.family_id,
                family.user_id,
                user.username,
                family.session_id,
                family.scope,
                family.created_at,
                family.expires_at,
                family.subject_client_id,
                family.about_client_id,
                family.actors,
            )
            .outerjoin(users, user.user_id == family.user_id)
            .where(
                family.client_id == client_id,
                family.revoked_at.is_(None),
                family.expires_at > now,
                or_(
                    family.about_client_id.is_not(None),
                    and_(
                        user.credentials_version == family.credentials_version,
                        user.disabled_at.is_(None),
                    ),
                ),
            )
            .order_by(family.created_at.desc(), family.family_id.desc())
            .limit(limit)
        )
        if after is not None:
            query = query.where(
                family.created_at <= after.created_at,  # for the index
                tuple_(family.created_at, family.family_id)
                < tuple_(literal(after.created_at, Instant()), after.family_id),
            )
        return await self._database.find_all(query, value=ClientFamily)

    async def list_access_tokens(
        self, client_id: str, *, after: AccessPosition | None = None, now: datetime, limit: int
    ) -> Sequence[ClientAccessToken]:
        """Return a page of the valid access tokens without a user, the newest first.

        SQLite reads all tokens that are valid, half a second for each million of them: an index by
        client costs every token more than that saves.
        """
        query = (
            select(access.digest, access.scope, access.issued_at, access.expires_at)
            .where(*_is_own(client_id), access.expires_at > now)
            .order_by(access.issued_at.desc(), access.digest.desc())
            .limit(limit)
        )
        if after is not None:
            query = query.where(
                access.issued_at <= after.issued_at,  # for the index
                tuple_(access.issued_at, access.digest)
                < tuple_(literal(after.issued_at, Instant()), literal(after.digest)),
            )
        return await self._database.find_all(query, value=ClientAccessToken)

    @retries_on_lock
    async def revoke_family(
        self, client_id: str, family_id: str, *, is_full: bool, now: datetime, event: NewEvent
    ) -> bool:
        """Revoke a family of a client; return False if it has none with this id."""
        is_it = (
            family.family_id == family_id,
            family.client_id == client_id,
            family.revoked_at.is_(None),
        )
        async with self._database.transaction() as connection:
            if not is_full:
                user_id = await connection.scalar(select(family.user_id).where(*is_it))
                if user_id is not None:
                    await lock_changeable_user(connection, user_id)
            revoked = await connection.execute(
                update(token_families)
                .where(*is_it, family.expires_at > now)
                .values(revoked_at=now)
                .returning(family.family_id)
            )
            is_revoked = revoked.first() is not None
            if is_revoked:
                await write_events(connection, event)
        return is_revoked

    async def revoke_access_token(
        self, client_id: str, digest: bytes, *, now: datetime, event: NewEvent
    ) -> bool:
        """Revoke an access token that a client has on its own behalf; return False if there is
        none."""
        statement = (
            update(access_tokens)
            .where(access.digest == digest, *_is_own(client_id), access.expires_at > now)
            .values(revoked_at=now)
            .returning(access.digest)
        )
        return bool(await change_with_event(self._database, statement, event))

    @retries_on_lock
    async def revoke_all(
        self,
        client_id: str,
        *,
        is_full: bool,
        now: datetime,
        event_of: Callable[[int], NewEvent],
    ) -> int:
        """Revoke every token of a client, and return how many families and access tokens.

        Raise `FullAdministratorRequiredError`, and revoke none, if one is that of a user with a
        reserved role.
        """
        is_valid = (family.client_id == client_id, family.revoked_at.is_(None))
        async with self._database.transaction() as connection:
            if not is_full:
                reserved = await administrative_user_ids(connection)
                theirs = exists().where(*is_valid, family.user_id.in_(reserved))
                if (await connection.execute(select(literal(1)).where(theirs))).first() is not None:
                    raise FullAdministratorRequiredError
            families: Any = await connection.execute(
                update(token_families).where(*is_valid).values(revoked_at=now)
            )
            own: Any = await connection.execute(
                update(access_tokens)
                .where(*_is_own(client_id), access.expires_at > now)
                .values(revoked_at=now)
            )
            count = int(families.rowcount + own.rowcount)
            if count:
                await write_events(connection, event_of(count))
        return count


def _is_own(client_id: str) -> tuple[ColumnElement[bool], ...]:
    """Return conditions for the access tokens of a client that are about no user."""
    return (
        access.client_id == client_id,
        access.user_id.is_(None),
        access.family_id.is_(None),
        access.revoked_at.is_(None),
    )
