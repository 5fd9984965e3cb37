"""The audit log."""

import json
from typing import Annotated, Any

from fastapi import Query

from app.dependencies import CoreDep
from app.models.operations.audit_events import AuditEvent
from app.repositories.operations.audit_events import Wanted
from app.routers.admin.access import require
from app.routers.admin.cursors import PageDep
from app.routers.admin.parameters import CLIENT_ID, USER_ID
from app.routers.admin.routes import admin_router
from app.schemas.admin.audit_events import AuditEventList, AuditEventResource
from app.schemas.admin.moments import Moment
from app.schemas.admin_scopes import AdminScope

READS = require(AdminScope.AUDIT_READ)

router = admin_router("audit-events", tag="Audit log")


@router.get("", dependencies=[READS])
async def list_audit_events(
    core: CoreDep,
    page: PageDep,
    user_id: Annotated[
        str | None,
        Query(pattern=USER_ID, description="Only what this user did, or what affected them."),
    ] = None,
    client_id: Annotated[
        str | None,
        Query(pattern=CLIENT_ID, description="Only what this client did, or what affected it."),
    ] = None,
    action: Annotated[
        str | None,
        Query(
            pattern=r"^[a-z0-9_.]{1,60}$",
            description="How the action begins, such as `password` or `client.changed`.",
        ),
    ] = None,
    since: Moment | None = None,
    until: Moment | None = None,
) -> AuditEventList:
    """List events, the newest first."""
    wanted = Wanted(user_id=user_id, client_id=client_id, since=since, until=until, action=action)
    before = int(page.last) if page.last else None
    rows = await core.audit.list_newest(wanted, before=before, limit=page.size)
    waiting = [event for event in rows if not event.is_numbered]
    numbered = [event for event in rows if event.is_numbered]
    shown, cursor = page.cut(numbered, lambda event: str(event.sequence))
    return AuditEventList(
        items=[_resource(each) for each in (*waiting, *shown)], next_cursor=cursor
    )


def _resource(event: AuditEvent) -> AuditEventResource:
    return AuditEventResource(
        sequence=event.sequence or None,
        at=event.at,
        action=event.action,
        outcome=event.outcome,
        actor=event.actor,
        user_id=event.user_id,
        client_id=event.client_id,
        address=event.address,
        request_id=event.request_id,
        details=_details(event.details),
        previous_hash=event.previous_hash.hex(),
        hash=event.hash.hex(),
    )


def _details(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # the event was tampered with; `postern audit verify` reports it
        return text
