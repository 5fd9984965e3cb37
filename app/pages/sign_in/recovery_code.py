"""`/login/recovery`: a recovery code as the second factor, instead of the authenticator app."""

from starlette.responses import Response

from app.pages.sign_in.second_factor import SecondFactorRequest, SecondFactorRequestDep
from app.pages.sign_in.state import AMR_MFA
from app.pages.support import Errors, ShowAgainError, page_router, shows_again
from app.pages.support.urls import OTP, RECOVERY

router = page_router()


async def recovery_page(request: SecondFactorRequest, errors: Errors | None = None) -> Response:
    return request.second_factor_page("recovery.html", errors, otp_url=request.link(OTP))


@router.get(RECOVERY)
async def recovery(request: SecondFactorRequestDep) -> Response:
    return await recovery_page(request)


@router.post(RECOVERY)
@shows_again(recovery_page)
async def give_recovery_code(request: SecondFactorRequestDep) -> Response:
    request.check("recovery_code")
    code = request.fields.get("recovery_code", "")
    if not await request.services.factors.recovery_codes.use(request.user, code):
        wrong = request.text(
            "That code is wrong or has already been used. Enter another recovery code."
        )
        raise ShowAgainError({"recovery_code": wrong})
    return await request.complete(AMR_MFA)
