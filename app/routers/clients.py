"""`POST /create_client`: register a client, a machine or an app."""

from fastapi import APIRouter, Depends

from app.dependencies import ClientsDep, require_open_client_creation
from app.routers.openapi_errors import problems
from app.schemas.clients import ClientCreate, ClientCreated

router = APIRouter(tags=["Clients"])


@router.post(
    "/create_client",
    status_code=201,
    response_model_exclude_none=True,
    dependencies=[Depends(require_open_client_creation)],
    responses=problems(
        {401: "The administrator's token is required in production.", 409: "The name is taken."}
    ),
)
async def create_client(body: ClientCreate, clients: ClientsDep) -> ClientCreated:
    """Register a client and return its credentials. The secret is shown only once."""
    return await clients.registration.create(body)
