"""Sign-in with a passkey: alone, or as the second factor after a password.

A script requests the options and puts the browser's response into an ordinary form, so that the
next steps (consent, the redirect to the client) are the same as after any other form.
"""

from collections.abc import Mapping

from fastapi.responses import JSONResponse
from starlette.responses import Response

from app.models.accounts.sessions import PASSKEY as PASSKEY_METHOD
from app.models.accounts.users import User
from app.pages.sign_in.completion import asks_to_stay, complete
from app.pages.sign_in.login_methods import require_accepted
from app.pages.sign_in.otp import otp_page
from app.pages.sign_in.password import login_page
from app.pages.sign_in.second_factor import SecondFactorRequestDep, find_own_sign_in
from app.pages.sign_in.state import AMR_MFA
from app.pages.support import (
    FormExpiredError,
    InteractionRequestDep,
    PageRequest,
    PageRequestDep,
    ShowAgainError,
    page_router,
    shows_again,
)
from app.pages.support.urls import OTP_PASSKEY, PASSKEY
from app.pages.support.user_agents import described

router = page_router()

PROOF_OF_POSSESSION = "pop"


@router.post(f"{PASSKEY}/options")
async def options(request: PageRequestDep) -> Response:
    request.check()
    request_options = await request.services.factors.passkeys.sign_in_options(
        browser=request.browser.form_identifier
    )
    return options_answer(request_options)


@router.post(PASSKEY)
@shows_again(login_page, shows_limits=False)
async def sign_in(request: InteractionRequestDep) -> Response:
    request.check()
    require_accepted(request, PASSKEY_METHOD)
    user = await _owner(request)
    return await complete(
        request,
        user,
        amr=(PROOF_OF_POSSESSION, AMR_MFA),
        stays_signed_in=asks_to_stay(request),
    )


@router.post(f"{OTP_PASSKEY}/options")
async def second_factor_options(request: PageRequestDep) -> Response:
    request.check()
    sign_in = await find_own_sign_in(request)
    if sign_in is None:
        raise FormExpiredError
    request_options = await request.services.factors.passkeys.second_factor_options(
        sign_in.user, browser=request.browser.form_identifier
    )
    return options_answer(request_options)


@router.post(OTP_PASSKEY)
@shows_again(otp_page, shows_limits=False)
async def second_factor(request: SecondFactorRequestDep) -> Response:
    request.check()
    await _owner(request, user=request.user)
    return await request.complete(PROOF_OF_POSSESSION, AMR_MFA)


def options_answer(options: Mapping[str, object]) -> Response:
    return JSONResponse(options, headers={"Cache-Control": "no-store"})


def usual_name(request: PageRequest) -> str:
    """Return the name of a new passkey that the user does not name: that of their browser."""
    return described(request.browser.user_agent) or request.text("Passkey")


async def _owner(request: PageRequest, *, user: User | None = None) -> User:
    """Return the user whose passkey a form proves, or show the page again if it proves none.

    With `user`, only a passkey of that user is accepted. Every attempt to sign in with a passkey is
    checked by this function.
    """
    passkeys, answer = request.services.factors.passkeys, request.fields.get("credential", "")
    browser = request.browser.form_identifier
    if user is None:
        user = await passkeys.sign_in(answer, browser=browser)
    elif not await passkeys.second_factor(user, answer, browser=browser):
        user = None
    if user is None:
        refused = request.text("That passkey didn't work. Try again or sign in another way.")
        raise ShowAgainError({"": refused})
    return user
