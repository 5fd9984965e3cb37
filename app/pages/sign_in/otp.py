"""`/login/otp` and `/login/enroll`: the code of the authenticator app, and its first set-up."""

from starlette.responses import Response

from app.pages.sign_in.new_recovery_codes import codes_page
from app.pages.sign_in.second_factor import (
    SecondFactorRequest,
    SecondFactorRequestDep,
    start_again,
)
from app.pages.sign_in.state import AMR_MFA, AMR_OTP
from app.pages.support import Errors, PageRequest, ShowAgainError, page_router, shows_again
from app.pages.support.urls import ENROLL, OTP, RECOVERY
from app.pages.support.view_models import groups_of

router = page_router()


async def otp_page(request: SecondFactorRequest, errors: Errors | None = None) -> Response:
    return request.second_factor_page(
        "otp.html",
        errors,
        recovery_url=request.link(RECOVERY),
        has_app=request.user.has_confirmed_otp,
        passkeys=await request.services.factors.passkeys.origin_for(request.user),
    )


async def enroll_page(request: SecondFactorRequest, errors: Errors | None = None) -> Response:
    secret = _secret(request)
    enrolment = await request.services.factors.otp.enrolment(secret, username=request.user.username)
    return request.second_factor_page(
        "enroll.html",
        errors,
        qr_code=enrolment.qr_code,
        otp_uri=enrolment.otp_uri,
        secret_groups=groups_of(secret),
    )


@router.get(OTP)
async def otp(request: SecondFactorRequestDep) -> Response:
    return await otp_page(request)


@router.post(OTP)
@shows_again(otp_page)
async def give_code(request: SecondFactorRequestDep) -> Response:
    request.check("code")
    user, code = request.user, request.fields.get("code", "")
    if not (user.has_confirmed_otp and await request.services.factors.otp.use_code(user, code)):
        raise wrong_code(request)
    return await request.complete(AMR_OTP, AMR_MFA)


@router.get(ENROLL)
async def enroll(request: SecondFactorRequestDep) -> Response:
    return await enroll_page(request)


@router.post(ENROLL)
@shows_again(enroll_page)
async def confirm_enrolment(request: SecondFactorRequestDep) -> Response:
    user, factors = request.user, request.services.factors
    _secret(request)
    if await factors.passkeys.count_of(user):
        raise start_again(request)  # a passkey added meanwhile is required
    request.check("code")
    if not await factors.otp.use_code(user, request.fields.get("code", "")):
        raise wrong_code(request)
    codes = await factors.recovery_codes.make(user)
    response = codes_page(request, user, codes) if codes is not None else None
    return await request.complete(AMR_OTP, AMR_MFA, response=response)


def wrong_code(request: PageRequest) -> ShowAgainError:
    wrong = request.text(
        "That code is wrong or has expired. Open your authenticator app and enter the current code."
    )
    return ShowAgainError({"code": wrong})


def _secret(request: SecondFactorRequest) -> str:
    """Return the secret to enrol, or redirect to the sign-in page if there is none."""
    if request.sign_in.otp_secret is None:
        raise start_again(request)
    return request.sign_in.otp_secret
