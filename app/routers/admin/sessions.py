"""Sessions in which users are signed in."""

from datetime import datetime
from typing import Annotated

from fastapi import Query

from app.dependencies import AccountsDep
from app.details import Detail
from app.errors import NotFoundError
from app.models.accounts.sessions import Session
from app.routers.admin.access import require
from app.routers.admin.cursors import Page, PageDep
from app.routers.admin.parameters import USER_ID, SessionId
from app.routers.admin.routes import admin_router
from app.schemas.admin.moments import Moment
from app.schemas.admin.sessions import SessionList, SessionResource
from app.schemas.admin_scopes import AdminScope
from app.services.accounts.sessions import BEFORE_ALL, SessionPosition
from app.services.operations.authority import Authority

READS = require(AdminScope.SESSIONS_READ)
Writes = Annotated[Authority, require(AdminScope.SESSIONS_WRITE)]

router = admin_router("sessions", tag="Sessions")


@router.get("", dependencies=[READS])
async def list_sessions(
    accounts: AccountsDep,
    page: PageDep,
    user_id: Annotated[
        str | None, Query(pattern=USER_ID, description="Only sessions of this user.")
    ] = None,
    since: Annotated[Moment | None, Query(description="Only sign-ins from then on.")] = None,
) -> SessionList:
    """List active sessions, the newest sign-in first."""
    rows = await accounts.sessions.list_page(
        user_id=user_id, since=since, after=_position(page), limit=page.size
    )
    shown, cursor = page.cut(
        rows, lambda each: (each.session.auth_time.isoformat(), each.session.session_id)
    )
    return SessionList(items=[_resource(each.session) for each in shown], next_cursor=cursor)


@router.delete("/{session_id}", status_code=204)
async def end_session(session_id: SessionId, authority: Writes, accounts: AccountsDep) -> None:
    """End a session, and revoke its tokens."""
    if not await accounts.administration.users.end_session(session_id, authority=authority):
        raise NotFoundError(Detail.SESSION_UNKNOWN)


def _position(page: Page) -> SessionPosition:
    if page.after is None:
        return BEFORE_ALL
    auth_time, session_id = page.after
    return SessionPosition(datetime.fromisoformat(auth_time), session_id)


def _resource(session: Session) -> SessionResource:
    return SessionResource(
        session_id=session.session_id,
        user_id=session.user_id,
        user_agent=session.user_agent,
        address=session.address,
        methods=session.amr.split(),
        auth_time=session.auth_time,
        last_seen_at=session.last_seen_at,
        expires_at=session.expires_at,
    )
