"""Health checks for platforms."""

from fastapi import APIRouter, Response

from app.dependencies import OperationsDep
from app.schemas.operations import Health

router = APIRouter(tags=["Server"], prefix="/health")

RETRY_AFTER = "2"


@router.get("/live")
async def check_live() -> Health:
    """Check that the process responds.

    The database isn't checked, so an outage doesn't make your platform restart the server.
    """
    return Health(status="ok")


@router.get(
    "/ready", responses={503: {"model": Health, "description": "The database is not ready."}}
)
async def check_ready(operations: OperationsDep, response: Response) -> Health:
    """Check that the database has the current schema, responds and accepts writes.

    The database is queried at most once a second.
    """
    if not await operations.readiness.is_ready():
        response.status_code = 503
        response.headers["Retry-After"] = RETRY_AFTER
        return Health(status="unavailable")
    return Health(status="ok")
