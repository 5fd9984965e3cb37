"""Health checks for platforms."""

from fastapi import APIRouter, Response

from app.dependencies import ServicesDep
from app.errors import UnavailableError
from app.schemas.operations import Health

router = APIRouter(tags=["Server"], prefix="/health")


@router.get("/live")
async def check_live() -> Health:
    """The process answers. Says nothing about the database, so that nobody restarts us for it."""
    return Health(status="ok")


@router.get("/ready", responses={503: {"model": Health, "description": "The database is away."}})
async def check_ready(services: ServicesDep, response: Response) -> Health:
    """The database answers too."""
    try:
        await services.database.ping()
    except UnavailableError as error:
        response.status_code = 503
        response.headers["Retry-After"] = str(error.retry_after)
        return Health(status="unavailable")
    return Health(status="ok")
