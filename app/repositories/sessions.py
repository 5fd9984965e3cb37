"""Queries about sessions of people in browsers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Insert, Select, case, insert, literal, select, update

from app.database.database import Database
from app.database.types import Instant
from app.models.clients import Client, clients
from app.models.logout_notices import logout_notices
from app.models.sessions import Session, sessions
from app.models.token_families import token_families
from app.models.users import User, users
from app.repositories.inserts import upsert, values_in
from app.repositories.redemptions import void_codes

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
    """A living session and whose it is."""

    session: Session
    user: User


class SessionRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_digest = database.lookup(LIVING, key=session.digest, value=_signed_in)
        self._by_id = database.lookup(LIVING, key=session.session_id, value=_signed_in)

    async def add(self, made: Session) -> None:
        await self._database.change(insert(sessions).values(values_in(sessions, made)))

    async def find_by_digest(self, digest: bytes, *, now: datetime) -> SignedIn | None:
        """The session of a cookie; None if unknown, ended, expired, or its person is disabled or
        got other credentials."""
        return _unless_expired(await self._by_digest(digest), now)

    async def find(self, session_id: str, *, now: datetime) -> SignedIn | None:
        return _unless_expired(await self._by_id(session_id), now)

    async def mark_seen(self, found: Session, *, now: datetime) -> None:
        """Keeps when a session was used last, to a minute."""
        if now - found.last_seen_at >= SEEN_EVERY:
            await self._database.change(
                update(sessions)
                .where(session.session_id == found.session_id)
                .values(last_seen_at=now)
            )

    async def list_living(self, user_id: str, *, now: datetime) -> Sequence[Session]:
        """The sessions of a person, the one that was used last first."""
        rows: Sequence[Any] = await self._database.fetch_all(
            LIVING.with_only_columns(*sessions.columns)
            .where(session.user_id == user_id, session.expires_at > now)
            .order_by(session.last_seen_at.desc())
        )
        return [Session(*row) for row in rows]

    async def list_not_ended(self, user_id: str, *, now: datetime) -> Sequence[str]:
        """The names of the sessions of a person, those of older credentials too."""
        rows: Sequence[Any] = await self._database.fetch_all(
            select(session.session_id).where(
                session.user_id == user_id, session.ended_at.is_(None), session.expires_at > now
            )
        )
        return [row.session_id for row in rows]

    async def renew(self, again: Session) -> bool:
        """Stores another sign-in of the same person in the same browser: the session goes on
        under a new secret. False where it has ended."""
        renewed = await self._database.change(
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
            )
            .returning(session.session_id)
        )
        return bool(renewed)

    async def end(self, session_id: str, *, now: datetime) -> bool:
        """Ends a session, and every sign-in that was to last as long as it, in one step.

        What was granted with `offline_access` lives on (OpenID Connect Core section 11).
        """
        async with self._database.transaction() as connection:
            ended = await connection.execute(
                update(sessions)
                .where(session.session_id == session_id, session.ended_at.is_(None))
                .values(ended_at=now)
                .returning(session.user_id)
            )
            ended_row = ended.first()
            if ended_row is None:
                return False
            await void_codes(connection, now=now, session_id=session_id)
            is_offline = (literal(" ") + family.scope + literal(" ")).contains(" offline_access ")
            await connection.execute(
                update(token_families)
                .where(family.session_id == session_id, family.revoked_at.is_(None), ~is_offline)
                .values(revoked_at=now)
            )
            await connection.execute(
                _notices_of(self._database, ended_row.user_id, session_id, now)
            )
        return True

    async def list_clients(self, session_id: str) -> Sequence[Client]:
        """The clients that got tokens in a session."""
        rows: Sequence[Any] = await self._database.fetch_all(
            select(clients).where(client.client_id.in_(_clients_in(session_id)))
        )
        return [Client(*row) for row in rows]


def _clients_in(session_id: str) -> Select[Any]:
    return select(family.client_id).where(family.session_id == session_id)


def _notices_of(database: Database, user_id: str, session_id: str, now: datetime) -> Insert:
    """A notice for each client in the session that wants one; its name makes it the only one."""
    salt = select(users.c.pairwise_salt).where(users.c.user_id == user_id).scalar_subquery()
    rows = select(
        literal(session_id).concat(":").concat(client.client_id),
        client.client_id,
        literal(user_id),
        literal(session_id),
        literal(0),
        literal(now, Instant()),
        literal(now, Instant()),
        case((client.sector_identifier.is_not(None), salt)),
    ).where(
        client.client_id.in_(_clients_in(session_id)),
        client.metadata.contains('"backchannel_logout_uri":'),
    )
    made: Insert = (
        upsert(database, logout_notices)
        .from_select([column.name for column in logout_notices.columns], rows)
        .on_conflict_do_nothing()
    )
    return made


def _signed_in(*row: Any) -> SignedIn:
    return SignedIn(Session(*row[:SESSION_COLUMNS]), User(*row[SESSION_COLUMNS:]))


def _unless_expired(found: SignedIn | None, now: datetime) -> SignedIn | None:
    return found if found is not None and found.session.expires_at > now else None
