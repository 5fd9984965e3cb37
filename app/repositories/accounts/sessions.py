"""Queries about the browser sessions of users."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, Update, insert, literal, select, tuple_, update

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.database.types import Instant
from app.models.accounts.sessions import Session, sessions
from app.models.accounts.users import User, users
from app.models.clients.clients import Client, clients
from app.models.oauth.token_families import token_families
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.administrators import lock_changeable_user
from app.repositories.accounts.search_index import record_sign_in
from app.repositories.accounts.session_endings import clients_in, end_session, end_sessions
from app.repositories.inserts import values_in
from app.repositories.operations.audit_outbox import write_events

session, user, family, client = sessions.c, users.c, token_families.c, clients.c
SESSION_COLUMNS = len(sessions.columns)
SEEN_EVERY = timedelta(minutes=1)

LIVING = (
    select(sessions, users)
    .join(users, user.user_id == session.user_id)
    .where(
        session.ended_at.is_(None),
        user.disabled_at.is_(None),
        user.credentials_version == session.credentials_version,
    )
)


class SignedIn(NamedTuple):
    """An active session and its user."""

    session: Session
    user: User


class SessionPosition(NamedTuple):
    """The last session of a page, in the order of the sign-ins."""

    auth_time: datetime
    session_id: str


class SessionOfUser(NamedTuple):
    """An active session, with the name of its user."""

    session: Session
    username: str

    @property
    def position(self) -> SessionPosition:
        return SessionPosition(self.session.auth_time, self.session.session_id)


BEFORE_ALL = SessionPosition(datetime(9000, 1, 1, tzinfo=UTC), "")
"""The position before the newest sign-in."""


class SessionRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_digest = database.lookup(LIVING, key=session.digest, value=_signed_in)
        self._by_id = database.lookup(LIVING, key=session.session_id, value=_signed_in)

    @retries_on_lock
    async def add(self, made: Session, *, event: NewEvent) -> None:
        async with self._database.transaction() as connection:
            await connection.execute(insert(sessions).values(values_in(sessions, made)))
            await record_sign_in(connection, made.user_id, now=made.created_at)
            await write_events(connection, event)

    async def find_by_digest(self, digest: bytes, *, now: datetime) -> SignedIn | None:
        """Return the session of a cookie, or None if it is unknown, ended or expired.

        None also if the user is disabled or their credentials have changed.
        """
        return _unless_expired(await self._by_digest(digest), now)

    async def find(self, session_id: str, *, now: datetime) -> SignedIn | None:
        return _unless_expired(await self._by_id(session_id), now)

    async def mark_seen(self, found: Session, *, now: datetime) -> None:
        """Record when a session was last used, with a precision of one minute."""
        if now - found.last_seen_at >= SEEN_EVERY:
            await self._database.change(
                update(sessions)
                .where(session.session_id == found.session_id)
                .values(last_seen_at=now)
            )

    async def list_valid(self, user_id: str, *, now: datetime) -> Sequence[Session]:
        """Return the active sessions of a user, most recently used first."""
        return await self._database.find_all(
            LIVING.with_only_columns(*sessions.columns)
            .where(session.user_id == user_id, session.expires_at > now)
            .order_by(session.last_seen_at.desc()),
            value=Session,
        )

    async def list_page(
        self,
        *,
        user_id: str | None = None,
        since: datetime | None = None,
        after: SessionPosition = BEFORE_ALL,
        now: datetime,
        limit: int = 100,
    ) -> Sequence[SessionOfUser]:
        """Return a page of active sessions, the newest sign-in first, beginning after `after`.

        The user is looked up for each row that the index of the sign-ins yields, so that the
        database never joins all sessions with all users.
        """
        username = (
            select(user.username)
            .where(
                user.user_id == session.user_id,
                user.disabled_at.is_(None),
                user.credentials_version == session.credentials_version,
            )
            .scalar_subquery()
        )
        position = tuple_(literal(after.auth_time, Instant()), after.session_id)
        query = select(sessions, username).where(
            session.ended_at.is_(None),
            session.expires_at > now,
            tuple_(session.auth_time, session.session_id) < position,
            username.is_not(None),
        )
        if user_id is not None:
            query = query.where(session.user_id == user_id)
        if since is not None:
            query = query.where(session.auth_time >= since)
        newest_first = (session.auth_time.desc(), session.session_id.desc())
        return await self._database.find_all(
            query.order_by(*newest_first).limit(limit), value=_session_of_user
        )

    async def renew(self, again: Session, *, event: NewEvent | None) -> bool:
        """Store another sign-in of the same user in the same browser.

        The session continues with a new secret. Return False if it has ended.
        """
        statement = (
            update(sessions)
            .where(
                session.session_id == again.session_id,
                session.user_id == again.user_id,
                session.ended_at.is_(None),
            )
            .values(
                digest=again.digest,
                credentials_version=again.credentials_version,
                auth_time=again.auth_time,
                acr=again.acr,
                amr=again.amr,
                last_seen_at=again.last_seen_at,
                expires_at=again.expires_at,
                stays_signed_in=again.stays_signed_in,
                provider=again.provider,
            )
            .returning(session.session_id)
        )
        if event is not None:
            return await self._renew(statement, again, event)

        def witness() -> Select[Any]:
            is_not_renewed = session.digest != again.digest
            not_renewed = select(session.session_id).where(
                session.session_id == again.session_id, is_not_renewed
            )
            return not_renewed.with_for_update()

        return bool(await self._database.change(statement, witness=witness))

    @retries_on_lock
    async def _renew(self, statement: Update, again: Session, event: NewEvent) -> bool:
        async with self._database.transaction() as connection:
            if (await connection.execute(statement)).first() is None:
                return False
            await record_sign_in(connection, again.user_id, now=again.last_seen_at)
            await write_events(connection, event)
        return True

    @retries_on_lock
    async def end(self, session_id: str, *, is_full: bool, now: datetime, event: NewEvent) -> bool:
        """End a session with its codes and token families, in one step; see `end_session`.

        `is_full` says that the caller is a full administrator, or the user.
        """
        async with self._database.transaction() as connection:
            if not is_full:
                owner = select(session.user_id).where(session.session_id == session_id)
                user_id = await connection.scalar(owner)
                if user_id is None:
                    return False
                await lock_changeable_user(connection, user_id)
            is_ended = await end_session(connection, session_id, now=now)
            if is_ended:
                await write_events(connection, event)
        return is_ended

    @retries_on_lock
    async def end_all(
        self,
        user_id: str,
        *,
        is_full: bool,
        except_session_id: str | None,
        now: datetime,
        event_of: Callable[[int], NewEvent],
    ) -> int:
        """End the sessions of a user, except `except_session_id`, and return how many.

        `is_full` says that the caller is a full administrator, or the user.
        """
        async with self._database.transaction() as connection:
            if not is_full:
                await lock_changeable_user(connection, user_id)
            ended = await end_sessions(
                connection, user_id, except_session_id=except_session_id, now=now
            )
            await write_events(connection, event_of(ended))
        return ended

    async def list_clients(self, session_id: str) -> Sequence[Client]:
        """Return the clients that got tokens in a session."""
        return await self._database.find_all(
            select(clients).where(client.client_id.in_(clients_in(session_id))),
            value=Client,
        )


def _signed_in(*row: Any) -> SignedIn:
    return SignedIn(Session(*row[:SESSION_COLUMNS]), User(*row[SESSION_COLUMNS:]))


def _session_of_user(*row: Any) -> SessionOfUser:
    return SessionOfUser(Session(*row[:SESSION_COLUMNS]), row[SESSION_COLUMNS])


def _unless_expired(found: SignedIn | None, now: datetime) -> SignedIn | None:
    return found if found is not None and found.session.expires_at > now else None
