"""`/account/password`: change the password, or set a first one."""

from starlette.responses import Response

from app.errors import ConflictError, InvalidInputError
from app.i18n.messages import N_
from app.pages.account.base import AccountRequest, AccountRequestDep, account_router
from app.pages.account.pages import AccountPage
from app.pages.support import Errors, ShowAgainError, redirect, shows_again
from app.pages.support.urls import ACCOUNT, LOGIN
from app.security.passwords import has_password

router = account_router()

PLACE = "password"
PATH = f"{ACCOUNT}/{PLACE}"
CURRENT = "current_password"
BUSY = N_("The server is busy. Try again in a minute.")


async def password_page(request: AccountRequest, errors: Errors | None = None) -> Response:
    return request.account_page(
        "account_password.html",
        errors,
        has_password=has_password(request.user.password_hash),
        is_saved=not request.is_form and "saved" in request.fields,
        minimum_length=request.services.core.settings.password_min_length,
    )


@router.get(PATH)
async def password(request: AccountRequestDep) -> Response:
    return await password_page(request)


@router.post(PATH)
@shows_again(password_page, busy=BUSY)
async def change(request: AccountRequestDep) -> Response:
    """Set a password. The current password, if any, is required even after a recent sign-in."""
    request.check(CURRENT, "password")
    form, services = request.fields, request.services
    has_one = has_password(request.user.password_hash)
    missing = {
        **({CURRENT: request.text("Enter your current password.")} if has_one else {}),
        "password": request.text("Enter a new password."),
    }
    errors = {name: message for name, message in missing.items() if not form.get(name)}
    if errors:
        raise ShowAgainError(errors)
    if has_one and not await _is_current(request, form.get(CURRENT, "")):
        raise ShowAgainError({CURRENT: request.text("That's not your current password.")})
    try:
        renewed_session = await services.accounts.users.change_password(
            request.user, form.get("password", ""), session=request.session
        )
    except (InvalidInputError, ConflictError) as error:
        raise ShowAgainError({"password": error.translated(request.text)}) from None
    services.oauth.logout_delivery.kick()
    if renewed_session is None:
        return redirect(LOGIN)
    request.browser.begin(*renewed_session)
    return redirect(f"{PATH}?saved=1")


async def password_state(request: AccountRequest) -> str | None:
    has_one = has_password(request.user.password_hash)
    return request.text("Set") if has_one else request.text("Not set")


async def _is_current(request: AccountRequest, current: str) -> bool:
    """Check the current password; like a sign-in, this counts as an attempt."""
    user = await request.services.accounts.authentication.check_password(
        request.user.username, current
    )
    return user is not None and user.user_id == request.user.user_id


PAGE = AccountPage(
    place=PLACE,
    label=N_("Password"),
    needs_fresh_sign_in=True,
    accepts_mail_code=True,
    always_needs_second_factor=False,
    router=router,
    state=password_state,
)
