"""`/account/confirm`: how a user without a password or a passkey authenticates again:
by a new sign-in at an identity provider, or by an emailed code."""

from starlette.responses import Response

from app.models.federation.identity_providers import IdentityProvider
from app.pages.account.base import AccountRequest, AccountRequestDep, account_router
from app.pages.account.pages import MAIL_CODE_COOKIE, accepts_mail_code
from app.pages.sign_in.recent_sign_in import is_fresh, sign_in_again_url
from app.pages.sign_in.refusals import refusal_message
from app.pages.support import (
    Continuation,
    Errors,
    GoToError,
    ShowAgainError,
    continuation_of,
    redirect,
    shows_again,
)
from app.pages.support.rate_limits import limited_emails
from app.pages.support.urls import CONFIRM, LOGIN
from app.services.factors.mail_codes import LASTS

router = account_router()
SEND = f"{CONFIRM}/send"
DEFAULT_PLACE = "password"


async def confirm_page(
    request: AccountRequest, errors: Errors | None = None, *, status: int | None = None
) -> Response:
    place, mail_codes = _place(request), request.services.factors.mail_codes
    browser, signed_in = request.browser, request.signed_in
    is_offered = await mail_codes.is_offered_to(request.user)
    continuation = Continuation(place=place)
    return request.account_page(
        "account_confirm.html",
        errors,
        status=status,
        further=continuation.hidden_fields,
        providers=await _providers(request),
        email=request.user.standard_claims.verified_email,
        has_mail_code=is_offered and accepts_mail_code(browser.request, place),
        is_sent=mail_codes.is_sent(
            signed_in, browser.cookie(MAIL_CODE_COOKIE), browser=browser.identifier
        ),
        is_about_email=is_offered and place == "email",
        login_url=continuation.link(LOGIN),
    )


@router.get(CONFIRM)
async def confirm(request: AccountRequestDep) -> Response:
    if is_fresh(request.browser, request.signed_in):
        return redirect(_continuation(request).url)
    url = await sign_in_again_url(request.browser, request.signed_in, _place(request))
    if not url.startswith(CONFIRM):
        return redirect(url)
    return await confirm_page(request, refusal_message(request), status=200)


@router.post(SEND)
@shows_again(confirm_page, shows_limits=False)
async def send(request: AccountRequestDep) -> Response:
    """Email a code to the user's verified address."""
    request.check()
    await _require_mail_code(request)
    with limited_emails(request):
        sealed = await request.services.factors.mail_codes.send(
            request.signed_in,
            browser=request.browser.identifier,
            language=request.language,
        )
    request.browser.set_cookie(MAIL_CODE_COOKIE, sealed, lasts=LASTS)
    return redirect(_continuation(request).link(CONFIRM))


@router.post(CONFIRM)
@shows_again(confirm_page)
async def give_code(request: AccountRequestDep) -> Response:
    await _require_mail_code(request)
    request.check("code")
    sealed_confirmation = await request.services.factors.mail_codes.use(
        request.signed_in,
        request.browser.cookie(MAIL_CODE_COOKIE),
        request.fields.get("code", ""),
        browser=request.browser.identifier,
    )
    if sealed_confirmation is None:
        wrong = request.text(
            "That code is wrong or has expired. Check your email for the latest one."
        )
        raise ShowAgainError({"code": wrong})
    request.browser.set_cookie(MAIL_CODE_COOKIE, sealed_confirmation, lasts=LASTS)
    return redirect(_continuation(request).url)


async def _require_mail_code(request: AccountRequest) -> None:
    is_accepted = accepts_mail_code(request.browser.request, _place(request))
    mail_codes = request.services.factors.mail_codes
    if not is_accepted or not await mail_codes.is_offered_to(request.user):
        raise GoToError(_continuation(request).link(CONFIRM))


async def _providers(request: AccountRequest) -> list[IdentityProvider]:
    """Return the enabled identity providers that the user's account is linked to."""
    identity_providers = request.services.federation.identity_providers
    linked = {link.provider for link in await identity_providers.list_of(request.user)}
    return [
        provider
        for provider in request.providers
        if not provider.is_disabled and provider.name in linked
    ]


def _continuation(request: AccountRequest) -> Continuation:
    return continuation_of(request.browser.request, request.fields)


def _place(request: AccountRequest) -> str:
    return _continuation(request).place or DEFAULT_PLACE
