"""`POST /verify_otp` and `POST /enroll_otp`: one-time passwords (TOTP)."""

from fastapi import APIRouter, Response

from app.dependencies import AccountsDep, FactorsDep
from app.details import Detail
from app.errors import GoneError
from app.observability import refusals
from app.routers.openapi_errors import problem, problems
from app.schemas.otp import OtpEnrolled, OtpVerified, OtpVerify
from app.schemas.users import UserCredentials

router = APIRouter(tags=["Users"])


@router.post(
    "/verify_otp",
    responses={
        **problems(),
        401: {
            "model": OtpVerified,
            "description": ("The user is unknown, or the code is wrong or used."),
        },
    },
)
async def verify_otp(body: OtpVerify, factors: FactorsDep, response: Response) -> OtpVerified:
    """Confirm an enrolment with a code from the authenticator app. Each code works only once."""
    valid = await factors.otp.verify_code(body.username, body.code)
    if not valid:
        refusals.note_refusal("invalid_code", "the user is unknown, or the code is wrong or used")
        response.status_code = 401
    return OtpVerified(valid=valid)


@router.post(
    "/enroll_otp",
    responses=problems(
        {
            401: ("The username or the password is wrong.", "invalid_credentials"),
            409: ("The enrolment is already confirmed.", "already_enrolled"),
        }
    ),
)
async def enroll_otp(body: UserCredentials, accounts: AccountsDep) -> OtpEnrolled:
    """Get a new secret for an unconfirmed enrolment. The old secret stops working."""
    return await accounts.users.enroll_otp(body)


@router.get(
    "/qr_code/{username}",
    status_code=410,
    deprecated=True,
    response_model=None,
    responses={
        410: problem(
            410,
            "Always. This endpoint was removed, because it returned secrets without "
            "authentication.",
        )
    },
)
async def qr_code(username: str) -> None:
    """Removed. `POST /register_user` and `POST /enroll_otp` return the QR code instead."""
    raise GoneError(Detail.QR_CODE_MOVED)
