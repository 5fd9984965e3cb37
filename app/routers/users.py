"""`POST /register_user`: register a user."""

from fastapi import APIRouter, Depends

from app.dependencies import (
    AccountsDep,
    AdminBearerDep,
    CoreDep,
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
    body: UserCreate, core: CoreDep, accounts: AccountsDep, bearer: AdminBearerDep
) -> UserRegistered:
    """Register a user and return the TOTP enrolment: an otpauth URI and its QR code."""
    await count_registration(core, bearer)
    registered = await accounts.users.register(body)
    if body.email is not None:
        await accounts.email_verification.welcome(await accounts.users.get(body.username))
    return registered
