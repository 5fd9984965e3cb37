"""`/login/enroll`: a user without a second factor sets up a passkey or an authenticator app."""

from fastapi import Depends
from starlette.responses import Response

from app.errors import ConflictError
from app.pages.sign_in.new_recovery_codes import codes_page
from app.pages.sign_in.otp import wrong_code
from app.pages.sign_in.passkey import PROOF_OF_POSSESSION, options_answer, usual_name
from app.pages.sign_in.requirements import requirement_for
from app.pages.sign_in.second_factor import (
    SecondFactorRequest,
    SecondFactorRequestDep,
    find_own_sign_in,
    has_second_factor,
    start_again,
)
from app.pages.sign_in.state import AMR_MFA, AMR_OTP
from app.pages.support import (
    Errors,
    FormExpiredError,
    PageRequestDep,
    ShowAgainError,
    page_router,
    shows_again,
)
from app.pages.support.urls import ENROLL, ENROLL_PASSKEY, NOT_NOW
from app.pages.support.view_models import groups_of
from app.services.accounts.events import AccountEvent
from app.services.accounts.second_factor_policies import Requirement
from app.services.factors.passkeys import PasskeyRefusedError

router = page_router()


async def require_enrolment(request: SecondFactorRequestDep) -> None:
    """Redirect to the sign-in page unless the sign-in is one that enrols a factor."""
    if request.sign_in.otp_secret is None:
        raise start_again(request)


async def enroll_page(request: SecondFactorRequest, errors: Errors | None = None) -> Response:
    secret = request.sign_in.otp_secret or ""
    factors, requirement = (
        request.services.factors,
        await requirement_for(request, request.user, always_looks_up=False),
    )
    enrolment = await factors.otp.enrolment(secret, username=request.user.username)
    return request.second_factor_page(
        "enroll.html",
        errors,
        qr_code=enrolment.qr_code,
        otp_uri=enrolment.otp_uri,
        secret_groups=groups_of(secret),
        passkeys=factors.passkeys.origin,
        offers_passkey_first=requirement.offers_passkey_first,
        may_skip=_may_skip(request, requirement),
        pending_email=await _pending_email(request),
    )


@router.get(ENROLL, dependencies=[Depends(require_enrolment)])
async def enroll(request: SecondFactorRequestDep) -> Response:
    return await enroll_page(request)


@router.post(ENROLL, dependencies=[Depends(require_enrolment)])
@shows_again(enroll_page)
async def confirm_enrolment(request: SecondFactorRequestDep) -> Response:
    user, factors = request.user, request.services.factors
    if await factors.passkeys.count_of(user):
        raise start_again(request)  # a passkey added meanwhile is required
    request.check("code")
    if not await factors.otp.use_code(user, request.fields.get("code", "")):
        raise wrong_code(request)
    return await _complete(request, AMR_OTP)


@router.post(f"{ENROLL_PASSKEY}/options")
async def passkey_options(request: PageRequestDep) -> Response:
    request.check()
    sign_in = await find_own_sign_in(request)
    if sign_in is None or sign_in.otp_secret is None:
        raise FormExpiredError
    creation_options = await request.services.factors.passkeys.creation_options(
        sign_in.user, browser=request.browser.form_identifier
    )
    return options_answer(creation_options)


@router.post(ENROLL_PASSKEY, dependencies=[Depends(require_enrolment)])
@shows_again(enroll_page, shows_limits=False)
async def add_passkey(request: SecondFactorRequestDep) -> Response:
    request.check()
    user, services = request.user, request.services
    try:
        passkey = await services.factors.passkeys.add(
            user,
            request.fields.get("credential", ""),
            name=usual_name(request),
            browser=request.browser.form_identifier,
            is_first_factor=True,
        )
    except PasskeyRefusedError as error:
        raise ShowAgainError({"": request.text(error.detail)}) from None
    except ConflictError:
        raise start_again(request) from None  # a factor added meanwhile is required
    await services.core.notices.send(user, AccountEvent.PASSKEY_ADDED, name=passkey.name)
    return await _complete(request, PROOF_OF_POSSESSION)


@router.post(NOT_NOW, dependencies=[Depends(require_enrolment)])
async def skip(request: SecondFactorRequestDep) -> Response:
    """Sign in without a second factor, if the policy allows it and the user still has none."""
    request.check()
    requirement = await requirement_for(request, request.user, always_looks_up=False)
    has_factor = await has_second_factor(request.browser, request.user)
    if has_factor or not _may_skip(request, requirement):
        raise start_again(request)
    return await request.complete()


async def _pending_email(request: SecondFactorRequest) -> str | None:
    """Return the address that a user who has just signed up was sent an email to."""
    email_verification = request.services.accounts.email_verification
    if email_verification.unverified_email(request.user) is None:
        return None
    return await email_verification.pending(request.user)


def _may_skip(request: SecondFactorRequest, requirement: Requirement) -> bool:
    """Return whether the user may continue without a second factor.

    A page that asks a signed-in user for it needs it, whatever the policy.
    """
    return not (requirement.is_required or request.sign_in.adds_factor)


async def _complete(request: SecondFactorRequest, method: str) -> Response:
    """Sign the user in by the new factor, and show them recovery codes for its loss."""
    codes = await request.services.factors.recovery_codes.make(request.user)
    response = codes_page(request, request.user, codes) if codes is not None else None
    return await request.complete(method, AMR_MFA, response=response)
