"""`/login/otp`: the code of the authenticator app, or a passkey, as the second factor."""

from starlette.responses import Response

from app.pages.sign_in.requirements import requirement_for
from app.pages.sign_in.second_factor import SecondFactorRequest, SecondFactorRequestDep
from app.pages.sign_in.state import AMR_MFA, AMR_OTP
from app.pages.support import Errors, PageRequest, ShowAgainError, page_router, shows_again
from app.pages.support.urls import OTP, RECOVERY

router = page_router()


async def otp_page(request: SecondFactorRequest, errors: Errors | None = None) -> Response:
    has_app = request.user.has_confirmed_otp
    passkeys = await request.services.factors.passkeys.origin_for(request.user)
    return request.second_factor_page(
        "otp.html",
        errors,
        recovery_url=request.link(RECOVERY),
        has_app=has_app,
        passkeys=passkeys,
        offers_passkey_first=bool(has_app and passkeys)
        and (
            await requirement_for(request, request.user, always_looks_up=False)
        ).offers_passkey_first,
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


def wrong_code(request: PageRequest) -> ShowAgainError:
    wrong = request.text(
        "That code is wrong or has expired. Open your authenticator app and enter the current code."
    )
    return ShowAgainError({"code": wrong})
