"""`POST /create_client`: machines and apps."""

from fastapi import APIRouter, Depends

from app.dependencies import ServicesDep, client_creation_allowed
from app.schemas.clients import ClientCreate, ClientCreated
from app.schemas.problems import Problem

router = APIRouter(tags=["Clients"])


@router.post(
    "/create_client",
    status_code=201,
    response_model_exclude_none=True,
    dependencies=[Depends(client_creation_allowed)],
    responses={
        401: {"model": Problem, "description": "In production the administrator's token is due."},
        409: {"model": Problem, "description": "The name is taken."},
        413: {"model": Problem, "description": "The body is too large."},
        422: {"model": Problem, "description": "The body does not fit its schema."},
        503: {"model": Problem, "description": "Try again after Retry-After seconds."},
    },
)
async def create_client(body: ClientCreate, services: ServicesDep) -> ClientCreated:
    """Register a client. Its secret is shown once."""
    return await services.registration.create(body)
