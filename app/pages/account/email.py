"""`/account/email`: the user's email address, and whether it is verified."""

from functools import partial

from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response

from app.details import Detail
from app.errors import NotFoundError
from app.i18n.messages import N_
from app.models.accounts.users import User
from app.pages.account.base import AccountRequest, AccountRequestDep, account_router
from app.pages.account.pages import AccountPage
from app.pages.support import Errors, ShowAgainError, redirect, shows_again
from app.pages.support.rate_limits import limited_emails
from app.pages.support.urls import ACCOUNT
from app.schemas.claims import Email

router = account_router()

PLACE = "email"
PATH = f"{ACCOUNT}/{PLACE}"
AN_ADDRESS: TypeAdapter[str] = TypeAdapter(Email)


async def email_page(
    request: AccountRequest, errors: Errors | None = None, *, is_resent: bool = False
) -> Response:
    """Show the form again with the address that the user entered, or that a mail was resent to."""
    address, is_verified = _address_of(request.user)
    pending = await request.services.accounts.email_verification.pending(request.user)
    return request.account_page(
        "account_email.html",
        errors,
        email=address,
        is_verified=is_verified,
        pending=pending,
        entered=_unconfirmed(request, pending) if is_resent else _entered(request),
    )


@router.get(PATH)
async def email(request: AccountRequestDep) -> Response:
    _require_mail(request)
    return await email_page(request)


@router.post(PATH)
@shows_again(email_page, shows_limits=False)
async def change(request: AccountRequestDep) -> Response:
    """Send a link to the new address, which replaces the old one once the link is confirmed."""
    _require_mail(request)
    request.check("email")
    try:
        address = AN_ADDRESS.validate_python(_entered(request))
    except ValidationError:
        wrong = request.text("Enter an email address like name@example.com.")
        raise ShowAgainError({"email": wrong}) from None
    current_address, is_verified = _address_of(request.user)
    if address == current_address and is_verified:
        raise ShowAgainError({"email": request.text("This is already your email address.")})
    return await _send(request, address)


@router.post(f"{PATH}/resend")
@shows_again(partial(email_page, is_resent=True), shows_limits=False)
async def resend(request: AccountRequestDep) -> Response:
    request.check()
    _require_mail(request)
    pending = await request.services.accounts.email_verification.pending(request.user)
    address = _unconfirmed(request, pending)
    return await _send(request, address) if address else redirect(PATH)


async def email_state(request: AccountRequest) -> str | None:
    if not request.services.accounts.email_verification.is_offered:
        return None
    address, is_verified = _address_of(request.user)
    if not address:
        return request.text("No address yet")
    return address if is_verified else request.text("Not confirmed yet")


async def _send(request: AccountRequest, address: str) -> Response:
    with limited_emails(request):
        await request.services.accounts.email_verification.send_link(
            request.user, address, language=request.language
        )
    return redirect(PATH)


def _entered(request: AccountRequest) -> str:
    return request.fields.get("email", "").strip() if request.is_form else ""


def _unconfirmed(request: AccountRequest, pending: str | None) -> str:
    """Return the address that is not confirmed yet, or ""."""
    address, is_verified = _address_of(request.user)
    return pending or ("" if is_verified else address)


def _address_of(user: User) -> tuple[str, bool]:
    claims = user.standard_claims
    return claims.email or "", claims.email_verified


def _require_mail(request: AccountRequest) -> None:
    if not request.services.accounts.email_verification.is_offered:
        raise NotFoundError(Detail.EMAIL_OFF)


PAGE = AccountPage(
    place=PLACE,
    label=N_("Email address"),
    needs_fresh_sign_in=True,
    accepts_mail_code=False,  # it cannot change the address that it is sent to
    always_needs_second_factor=False,
    router=router,
    state=email_state,
    is_offered=lambda request: request.services.accounts.email_verification.is_offered,
)
