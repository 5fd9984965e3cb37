"""Refused requests: which rule refused them, and how to fix them."""

from typing import Annotated

from fastapi import Query

from app.dependencies import OperationsDep
from app.routers.admin.access import require
from app.routers.admin.cursors import PageDep
from app.routers.admin.parameters import CLIENT_ID, USER_ID, RequestId
from app.routers.admin.routes import admin_router
from app.schemas.admin.moments import Moment
from app.schemas.admin.refusals import RefusalList, RefusalResource
from app.schemas.admin_scopes import AdminScope
from app.services.operations.refusals import ExplainedRefusal

NETWORK = "^[0-9A-Fa-f.:/]+$"
READS = require(AdminScope.REFUSALS_READ)

router = admin_router("refusals", tag="Refusals")


@router.get("", dependencies=[READS])
async def list_refusals(
    operations: OperationsDep,
    page: PageDep,
    client_id: Annotated[str | None, Query(pattern=CLIENT_ID)] = None,
    user_id: Annotated[str | None, Query(pattern=USER_ID)] = None,
    network: Annotated[
        str | None,
        Query(max_length=64, pattern=NETWORK, description="Only this network, as in the items."),
    ] = None,
    rule: Annotated[
        str | None,
        Query(pattern="^[a-z0-9_]{1,60}$", description="Only this rule, such as pkce."),
    ] = None,
    error: Annotated[
        str | None,
        Query(pattern="^[a-z0-9_]{1,60}$", description="Only this error, such as invalid_grant."),
    ] = None,
    since: Moment | None = None,
    until: Moment | None = None,
) -> RefusalList:
    """List refused requests, the newest first."""
    rows = await operations.activity.refusals.list_page(
        client_id=client_id,
        user_id=user_id,
        network=network,
        rule=rule,
        error=error,
        since=since,
        until=until,
        before=page.last,
        limit=page.size,
    )
    refusals, cursor = page.cut(rows, lambda explained: explained.refusal.refusal_id)
    return RefusalList(items=[_resource(each) for each in refusals], next_cursor=cursor)


@router.get("/{request_id}", dependencies=[READS])
async def read_refusal(request_id: RequestId, operations: OperationsDep) -> RefusalResource:
    """Say which rule refused a request. Its ID is on the error page, and in `x-request-id`."""
    return _resource(await operations.activity.refusals.get(request_id))


def _resource(explained: ExplainedRefusal) -> RefusalResource:
    refusal = explained.refusal
    return RefusalResource(
        request_id=refusal.request_id,
        at=refusal.at,
        method=refusal.method,
        path=refusal.path,
        status=refusal.status,
        error=refusal.error,
        reason=refusal.reason,
        client_id=refusal.client_id,
        user_id=refusal.user_id,
        network=refusal.network,
        count=refusal.count,
        rule=refusal.rule,
        explanation=explained.explanation,
        advice=explained.advice,
    )
