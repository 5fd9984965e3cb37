"""`POST /register_user`: register a user."""

from fastapi import APIRouter, Depends

from app.dependencies import (
    AdminBearerDep,
    ServicesDep,
    count_registration,
    require_open_registration,
)
from app.routers.openapi_errors import problems
from app.schemas.users import UserCreate, UserRegistered

router = APIRouter(tags=["Users"])


@router.post(
    "/register_user",
    status_code=201,
    response_model_exclude_none=True,
    dependencies=[Depends(require_open_registration)],
    responses=problems(
        {401: "Registration is closed.", 409: ("The name is taken.", "username_taken")}
    ),
)
async def register_user(
    body: UserCreate, services: ServicesDep, bearer: AdminBearerDep
) -> UserRegistered:
    """Register a user and return the TOTP enrolment: an otpauth URI and its QR code."""
    await count_registration(services, bearer)
    registered = await services.users.register(body)
    if body.email is not None:
        await services.email_verification.welcome(await services.users.get(body.username))
    return registered
