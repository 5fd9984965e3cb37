"""`/account/authenticator`: replace or remove the authenticator app.

The new secret is not stored until the user enters a correct code from the new app. Until then the
form carries it, sealed for this browser and this user.
"""

from dataclasses import dataclass

from starlette.responses import Response

from app.details import Detail
from app.i18n.messages import N_
from app.pages.account.base import AccountRequest, AccountRequestDep, account_router
from app.pages.account.pages import AccountPage
from app.pages.sign_in.new_recovery_codes import codes_page
from app.pages.sign_in.otp import wrong_code
from app.pages.sign_in.recent_sign_in import FRESH
from app.pages.sign_in.trusted_browsers import remembered_days
from app.pages.support import Errors, GoToError, ShowAgainError, redirect, shows_again
from app.pages.support.cookies import Sealed
from app.pages.support.urls import ACCOUNT, LOGIN
from app.pages.support.view_models import groups_of
from app.security import totp
from app.security.purposes import Purpose

router = account_router()

PLACE = "authenticator"
PATH = f"{ACCOUNT}/{PLACE}"
NEW = f"{PATH}/new"


@dataclass(frozen=True, slots=True)
class NewSecret:
    """The content of the form's sealed field: a secret, and when it was created."""

    secret: str
    made_at: float


NEW_SECRET = Sealed(
    content=NewSecret, purpose=Purpose.NEW_AUTHENTICATOR, since="made_at", lasts=FRESH
)


async def new_page(request: AccountRequest, errors: Errors | None = None) -> Response:
    """Return the page for a new secret, or for the one of a form that is shown again."""
    secret = _opened(request) if request.is_form else totp.new_secret()
    enrolment = await request.services.factors.otp.enrolment(secret, username=request.user.username)
    return request.account_page(
        "account_authenticator_new.html",
        errors,
        confirmed_at=request.user.otp_confirmed_at,
        qr_code=enrolment.qr_code,
        otp_uri=enrolment.otp_uri,
        secret_groups=groups_of(secret),
        sealed=_sealed(request, secret),
    )


async def authenticator_page(request: AccountRequest, errors: Errors | None = None) -> Response:
    has_passkey = await request.services.factors.passkeys.count_of(request.user) > 0
    return request.account_page(
        "account_authenticator.html",
        errors,
        may_remove=has_passkey or not await request.keeps_factor(),
        confirmed_at=request.user.otp_confirmed_at,
        remembered=await request.services.factors.trusted_browsers.count(request.user),
        remember_days=remembered_days(request.browser),
    )


@router.get(PATH)
async def authenticator(request: AccountRequestDep) -> Response:
    return await authenticator_page(request)


@router.post(f"{PATH}/remove")
@shows_again(authenticator_page, shows_limits=False)
async def remove(request: AccountRequestDep) -> Response:
    """Remove the app, unless the user needs it as their only second factor."""
    request.check()
    is_removed = await request.services.factors.otp.remove(
        request.user, session=request.session, keeps_factor=await request.keeps_factor()
    )
    if not is_removed:
        raise ShowAgainError({"": request.text(Detail.LAST_SECOND_FACTOR)})
    request.services.oauth.logout_delivery.kick()
    await request.stay_signed_in()
    return redirect(PATH)


@router.post(f"{PATH}/forget-browsers")
async def forget_browsers(request: AccountRequestDep) -> Response:
    request.check()
    await request.services.factors.trusted_browsers.forget_all(request.user)
    return redirect(PATH)


@router.get(NEW)
async def another(request: AccountRequestDep) -> Response:
    return await new_page(request)


@router.post(NEW)
@shows_again(new_page)
async def confirm(request: AccountRequestDep) -> Response:
    services, secret = request.services, _opened(request)
    request.check("code")
    code = request.fields.get("code", "")
    if not await services.factors.otp.replace(request.user, secret, code, session=request.session):
        raise wrong_code(request)
    renewed_session = await services.accounts.users.factor_changed(
        request.user, session=request.session
    )
    services.oauth.logout_delivery.kick()
    if renewed_session is None:
        raise GoToError(LOGIN)
    request.browser.begin(*renewed_session)
    user = renewed_session[1].user
    codes = await services.factors.recovery_codes.make(user)
    if codes is None:
        raise GoToError(LOGIN)
    return codes_page(request.continuing_at(PLACE), user, codes)


async def authenticator_state(request: AccountRequest) -> str | None:
    is_set_up = request.user.has_confirmed_otp
    return request.text("Set up") if is_set_up else request.text("Not set up")


def _sealed(request: AccountRequest, secret: str) -> str:
    new_secret = NewSecret(secret, request.services.core.clock.now().timestamp())
    context = _context(request, request.browser.identifier)
    return NEW_SECRET.seal(request.browser, new_secret, context=context)


def _opened(request: AccountRequest) -> str:
    """Return the secret of a form, or start again.

    It is valid for `FRESH`, for one browser and one user, until the user's credentials change.
    """
    context = _context(request, request.browser.form_identifier)
    new_secret = NEW_SECRET.open(request.browser, request.fields.get("sealed", ""), context=context)
    if new_secret is None:
        raise GoToError(NEW)
    return new_secret.secret


def _context(request: AccountRequest, identifier: str) -> str:
    return f"{identifier} {request.user.user_id} {request.user.credentials_version}"


PAGE = AccountPage(
    place=PLACE,
    label=N_("Authenticator app"),
    needs_fresh_sign_in=True,
    accepts_mail_code=True,
    always_needs_second_factor=False,
    router=router,
    state=authenticator_state,
)
