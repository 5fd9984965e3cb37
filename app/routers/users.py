"""`POST /register_user`: people."""

from fastapi import APIRouter, Depends

from app.dependencies import ServicesDep, require_open_registration
from app.routers.responses import problems
from app.schemas.users import UserCreate, UserRegistered

router = APIRouter(tags=["People"])


@router.post(
    "/register_user",
    status_code=201,
    response_model_exclude_none=True,
    dependencies=[Depends(require_open_registration)],
    responses=problems({401: "Registration is closed.", 409: "The name is taken."}),
)
async def register_user(body: UserCreate, services: ServicesDep) -> UserRegistered:
    """Register a person and hand out the TOTP enrolment: an otpauth URI and its QR code."""
    return await services.users.register(body)
