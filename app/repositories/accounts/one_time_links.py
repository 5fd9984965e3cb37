"""Queries about one-time links. Consuming a link and applying its change is one step."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, insert, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.accounts.known_networks import KnownNetwork, known_addresses
from app.models.accounts.one_time_links import LinkPurpose, OneTimeLink, one_time_links
from app.models.accounts.users import User, users
from app.models.operations.audit_outbox import NewEvent
from app.models.operations.mails import StoredMail
from app.repositories.accounts.administrators import require_may_change_user
from app.repositories.accounts.session_endings import end_sessions
from app.repositories.accounts.stored_claims import store_claims
from app.repositories.inserts import upsert, values_in
from app.repositories.operations.audit_outbox import write_events
from app.repositories.operations.mails import write_mail
from app.security.tokens import new_identifier

link, user = one_time_links.c, users.c
OF_UNVERIFIED_EMAIL = (LinkPurpose.VERIFY_EMAIL, LinkPurpose.ACCEPT_INVITATION)
"""Purposes of links whose email address is not verified yet."""


class _ChangedMeanwhileError(Exception):
    """Raised to roll back the transaction."""


class OneTimeLinkRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def add(
        self,
        made: OneTimeLink,
        *,
        mail: StoredMail | None = None,
        is_full: bool,
        event: NewEvent,
    ) -> None:
        """Store a link and the mail that contains it, and delete older links for this purpose.

        A mailed link does not replace a link issued by an administrator, nor the other way round,
        because anyone can request a mailed link; invitations replace each other. `is_full` says
        that the caller is a full administrator, or the user.
        """
        same_origin = link.email.is_(None) if made.email is None else link.email.is_not(None)
        is_invitation = made.purpose is LinkPurpose.ACCEPT_INVITATION
        async with self._database.transaction() as connection:
            await lock_owner_of_link(connection, made.user_id)  # of two links, one is the newer
            await require_may_change_user(connection, made.user_id, is_full=is_full)
            await connection.execute(
                delete(one_time_links).where(
                    link.user_id == made.user_id,
                    link.purpose == made.purpose,
                    true() if is_invitation else same_origin,
                )
            )
            await write_link(connection, made, mail=mail)
            await write_events(connection, event)

    async def find(
        self, digest: bytes, purpose: LinkPurpose, *, now: datetime
    ) -> OneTimeLink | None:
        """Return the link, or None if it is not valid."""
        statement = select(one_time_links).where(*_counts(digest, purpose, now))
        return await self._database.find_one(statement, value=_link_of)

    async def find_newest(
        self, user_id: str, purpose: LinkPurpose, *, now: datetime
    ) -> OneTimeLink | None:
        return await self._database.find_one(
            select(one_time_links)
            .where(link.user_id == user_id, link.purpose == purpose, *_lives(now))
            .order_by(link.created_at.desc())
            .limit(1),
            value=_link_of,
        )

    async def remove_all(self, user_id: str) -> None:
        await self._database.change(delete(one_time_links).where(link.user_id == user_id))

    @retries_on_lock
    async def use_for_password(
        self,
        digest: bytes,
        purpose: LinkPurpose,
        password_hash: str,
        *,
        now: datetime,
        event: NewEvent,
    ) -> bool:
        """Consume a link and set a password, which ends all sign-ins.

        Of any number of requests with the same link only one succeeds; return False for all others.
        """
        async with self._database.transaction() as connection:
            await lock_owner_of_link(connection, select(link.user_id).where(link.digest == digest))
            row = await consume_link(connection, digest, purpose, now=now)
            if row is None:
                return False
            changed = await connection.execute(
                update(users)
                .where(
                    user.user_id == row.user_id,
                    user.credentials_version == row.credentials_version,
                )
                .values(password_hash=password_hash, credentials_version=new_identifier())
                .returning(user.user_id)
            )
            if changed.first() is None:
                return False
            await end_sessions(connection, row.user_id, except_session_id=None, now=now)
            await write_events(connection, event)
            return True

    @retries_on_lock
    async def use_for_claims(
        self,
        digest: bytes,
        purpose: LinkPurpose,
        owner: User,
        claims: str,
        *,
        now: datetime,
        event: NewEvent,
    ) -> bool:
        """Consume a link and store the claims that it verifies.

        Return False if the link is not valid, or if the claims changed since `owner` was read; in
        the second case the link remains valid.
        """
        try:
            async with self._database.transaction() as connection:
                await lock_owner_of_link(connection, owner.user_id)
                if not await consume_link(
                    connection, digest, purpose, owner_id=owner.user_id, now=now
                ):
                    return False
                if not await store_claims(connection, owner, claims, now=now):
                    raise _ChangedMeanwhileError
                await write_events(connection, event)
        except _ChangedMeanwhileError:
            return False
        return True

    @retries_on_lock
    async def use_for_network(
        self,
        digest: bytes,
        purpose: LinkPurpose,
        place: KnownNetwork,
        *,
        now: datetime,
        event: NewEvent,
    ) -> bool:
        """Consume a link and make a network known; return False if the link is not valid."""
        async with self._database.transaction() as connection:
            await lock_owner_of_link(connection, place.user_id)
            if not await consume_link(connection, digest, purpose, owner_id=place.user_id, now=now):
                return False
            row = upsert(self._database, known_addresses).values(values_in(known_addresses, place))
            await connection.execute(
                row.on_conflict_do_update(
                    index_elements=[known_addresses.c.digest],
                    set_={"expires_at": row.excluded.expires_at},
                )
            )
            await write_events(connection, event)
        return True


def _link_of(digest: bytes, purpose: str, *others: Any) -> OneTimeLink:
    return OneTimeLink(digest, LinkPurpose(purpose), *others)


async def write_link(
    connection: AsyncConnection, made: OneTimeLink, *, mail: StoredMail | None
) -> None:
    """Store a link and the mail that contains it, in the transaction of the caller."""
    await connection.execute(insert(one_time_links).values(values_in(one_time_links, made)))
    if mail is not None:
        await write_mail(connection, mail)


async def consume_link(
    connection: AsyncConnection,
    digest: bytes,
    purpose: LinkPurpose,
    *,
    owner_id: str | None = None,
    now: datetime,
) -> Any:
    """Consume a link, of `owner_id` if it is set, and return its row, or None if it is not valid.

    The caller has locked the owner's row.
    """
    is_owned = (link.user_id == owner_id,) if owner_id is not None else ()
    used = await connection.execute(
        update(one_time_links)
        .where(*_counts(digest, purpose, now), *is_owned)
        .values(used_at=now)
        .returning(link.user_id, link.credentials_version)
    )
    return used.first()


async def lock_owner_of_link(connection: AsyncConnection, user_id: str | Select[str]) -> None:
    """Lock the row of the owner before any other row, as account deletion does.

    This prevents deadlocks. SQLite has only one writer at a time.
    """
    owner = user_id if isinstance(user_id, str) else user_id.scalar_subquery()
    await connection.execute(select(user.user_id).where(user.user_id == owner).with_for_update())


def _counts(digest: bytes, purpose: LinkPurpose, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (link.digest == digest, link.purpose == purpose, *_lives(now))


def _lives(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return conditions for a link that is unused, not expired, and whose owner is unchanged.

    The owner must not be disabled, and must have the same credentials as when the link was created.
    """
    has_same_owner = exists().where(
        user.user_id == link.user_id,
        user.credentials_version == link.credentials_version,
        user.disabled_at.is_(None),
        or_(
            link.purpose.in_(OF_UNVERIFIED_EMAIL),
            link.email.is_(None),
            link.email == user.email_key,  # a former email address is refused
        ),
    )
    return (link.used_at.is_(None), link.expires_at > now, has_same_owner)
