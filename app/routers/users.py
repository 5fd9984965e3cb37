"""`POST /register_user`: people."""

from fastapi import APIRouter, Depends

from app.dependencies import ServicesDep, registration_allowed
from app.schemas.problems import Problem
from app.schemas.users import UserCreate, UserRegistered

router = APIRouter(tags=["People"])


@router.post(
    "/register_user",
    status_code=201,
    response_model_exclude_none=True,
    dependencies=[Depends(registration_allowed)],
    responses={
        401: {"model": Problem, "description": "Registration is closed."},
        409: {"model": Problem, "description": "The name is taken."},
        413: {"model": Problem, "description": "The body is too large."},
        422: {"model": Problem, "description": "The body does not fit its schema."},
        503: {"model": Problem, "description": "Try again after Retry-After seconds."},
    },
)
async def register_user(body: UserCreate, services: ServicesDep) -> UserRegistered:
    """Register a person and hand out the TOTP enrolment: an otpauth URI and its QR code."""
    return await services.users.register(body)
