"""Ending sessions, in the transaction of the caller."""

from datetime import datetime
from typing import Any

from sqlalchemy import Insert, Select, case, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.types import Instant
from app.models.accounts.sessions import sessions
from app.models.accounts.users import users
from app.models.clients.clients import clients
from app.models.oauth.logout_notices import logout_notices
from app.models.oauth.token_families import token_families
from app.repositories.oauth.redemptions import void_codes

session, family, client = sessions.c, token_families.c, clients.c


async def end_session(connection: AsyncConnection, session_id: str, *, now: datetime) -> bool:
    """End a session with its codes and token families; return False if it had already ended.

    Families granted with `offline_access` remain valid (OpenID Connect Core section 11).
    """
    ended = await connection.execute(
        update(sessions)
        .where(session.session_id == session_id, session.ended_at.is_(None))
        .values(ended_at=now)
        .returning(session.user_id)
    )
    row = ended.first()
    if row is None:
        return False
    await void_codes(connection, now=now, session_id=session_id)
    is_offline = (literal(" ") + family.scope + literal(" ")).contains(" offline_access ")
    await connection.execute(
        update(token_families)
        .where(family.session_id == session_id, family.revoked_at.is_(None), ~is_offline)
        .values(revoked_at=now)
    )
    await connection.execute(_notices_of(connection, row.user_id, session_id, now))
    return True


async def end_sessions(
    connection: AsyncConnection, user_id: str, *, except_session_id: str | None, now: datetime
) -> int:
    """End the sessions of a user, including those with older credentials, and return how many.

    `except_session_id` is the id of a session that is not ended.
    """
    result: Any = await connection.scalars(
        select(session.session_id)
        .where(session.user_id == user_id, session.ended_at.is_(None), session.expires_at > now)
        .order_by(session.session_id)
    )
    ended = 0
    for session_id in result.all():
        if session_id != except_session_id:
            ended += await end_session(connection, session_id, now=now)
    return ended


def clients_in(session_id: str) -> Select[Any]:
    """Return a query for the ids of the clients that got tokens in a session."""
    return select(family.client_id).where(family.session_id == session_id)


def _notices_of(
    connection: AsyncConnection, user_id: str, session_id: str, now: datetime
) -> Insert:
    """Return an insert of a notice for each client in the session that has a logout URI.

    The `notice_id` makes sure that there is only one notice per session and client.
    """
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
        client.client_id.in_(clients_in(session_id)),
        client.metadata.contains('"backchannel_logout_uri":'),
    )
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement: Insert = (
        dialect.insert(logout_notices)
        .from_select([column.name for column in logout_notices.columns], rows)
        .on_conflict_do_nothing()
    )
    return statement
