"""Sessions in which users are signed in."""

from typing import Annotated

from fastapi import Query

from app.dependencies import AccountsDep
from app.details import Detail
from app.errors import NotFoundError
from app.models.accounts.sessions import Session
from app.routers.admin.access import require
from app.routers.admin.parameters import USER_ID, SessionId
from app.routers.admin.routes import admin_router
from app.schemas.admin.sessions import SessionList, SessionResource
from app.schemas.admin_scopes import AdminScope
from app.services.operations.authority import Authority

READS = require(AdminScope.SESSIONS_READ)
Writes = Annotated[Authority, require(AdminScope.SESSIONS_WRITE)]

router = admin_router("sessions", tag="Sessions")


@router.get("", dependencies=[READS])
async def list_sessions(
    accounts: AccountsDep, user_id: Annotated[str, Query(pattern=USER_ID)]
) -> SessionList:
    """List the sessions of a user, the most recently used first."""
    sessions = await accounts.sessions.list_of(user_id)
    return SessionList(items=[_resource(session) for session in sessions], next_cursor=None)


@router.delete("/{session_id}", status_code=204)
async def end_session(session_id: SessionId, authority: Writes, accounts: AccountsDep) -> None:
    """End a session, and revoke its tokens."""
    if not await accounts.administration.users.end_session(session_id, authority=authority):
        raise NotFoundError(Detail.SESSION_UNKNOWN)


def _resource(session: Session) -> SessionResource:
    return SessionResource(
        session_id=session.session_id,
        user_agent=session.user_agent,
        address=session.address,
        methods=session.amr.split(),
        auth_time=session.auth_time,
        last_seen_at=session.last_seen_at,
        expires_at=session.expires_at,
    )
