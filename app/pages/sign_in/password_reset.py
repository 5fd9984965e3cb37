"""`/recover`: reset of a forgotten password by a link sent to the user's verified email address."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from app.details import Detail
from app.errors import InvalidInputError, NotFoundError
from app.pages.sign_in.password_reset_return import RETURN, store_return, stored_return
from app.pages.support import (
    AnswerInsteadError,
    Errors,
    PageRequest,
    PageRequestDep,
    ShowAgainError,
    continuation_of,
    page_router,
    redirect,
    shows_again,
)
from app.pages.support.email_links import (
    OpenedLink,
    expired_page,
    hide_token,
    link_cookie,
    opened_link,
)
from app.pages.support.messages import BUSY
from app.pages.support.rate_limits import limited_emails
from app.pages.support.urls import LOGIN, NEW_PASSWORD, RECOVER

router = page_router()

COOKIE = link_cookie("postern_recover")
MAXIMUM_LENGTH = 254


async def ask_page(request: PageRequest, errors: Errors | None = None) -> Response:
    continuation = continuation_of(request.browser.request, request.fields)
    return request.page(
        "recover.html",
        errors,
        request_id=continuation.request_id,
        further=continuation.hidden_fields,
        login_url=continuation.link(LOGIN),
        username=_username(request) if request.is_form else "",
    )


@router.get(RECOVER)
async def recover(request: PageRequestDep) -> Response:
    _require_mail(request)
    return await ask_page(request)


@router.post(RECOVER)
@shows_again(ask_page, shows_limits=False)
async def send(request: PageRequestDep) -> Response:
    """Send a reset link, without revealing whether the account exists.

    The response and the work done are the same in both cases.
    """
    _require_mail(request)
    request.check("username")
    username = _username(request)
    if not username:
        raise ShowAgainError({"username": request.text("Enter your username or email address.")})
    with limited_emails(request):
        await request.services.accounts.password_reset.request(username, language=request.language)
    continuation = continuation_of(request.browser.request, request.fields)
    store_return(request.browser, continuation)
    return request.page(
        "recover_sent.html",
        login_url=continuation.link(LOGIN),
        recover_url=continuation.link(RECOVER),
    )


@dataclass(frozen=True, slots=True)
class NewPasswordRequest(PageRequest):
    """A request for the page of a reset link that was opened in this browser."""

    opened: OpenedLink


async def get_new_password_request(request: PageRequestDep) -> NewPasswordRequest:
    hide_token(request, COOKIE, path=NEW_PASSWORD)
    opened = await opened_link(request, COOKIE, request.services.accounts.password_reset.find)
    if opened is None:
        raise AnswerInsteadError(await _expired_page(request))
    return NewPasswordRequest(request.browser, request.fields, opened)


NewPasswordRequestDep = Annotated[NewPasswordRequest, Depends(get_new_password_request)]


async def new_password_page(request: NewPasswordRequest, errors: Errors | None = None) -> Response:
    opened = request.opened
    return request.page(
        "recover_new.html",
        errors,
        link=opened.name,
        username=opened.user.username,
        minimum_length=request.services.core.settings.password_min_length,
    )


@router.get(NEW_PASSWORD)
async def new_password(request: NewPasswordRequestDep) -> Response:
    """Show the page without changing anything, because mail scanners open links, too."""
    return await new_password_page(request)


@router.post(NEW_PASSWORD)
@shows_again(new_password_page, busy=BUSY, shows_limits=False)
async def set_password(request: NewPasswordRequestDep) -> Response:
    request.check("password")
    try:
        is_set = await request.services.accounts.password_reset.set_password(
            request.opened.token, request.fields.get("password", "")
        )
    except InvalidInputError as error:
        raise ShowAgainError({"password": error.translated(request.text)}) from None
    if not is_set:
        return await _expired_page(request)
    continuation = await stored_return(request.browser)
    RETURN.clear(request.browser)
    COOKIE.clear(request.browser)
    return redirect(continuation.link(LOGIN, done="password"))


def _username(request: PageRequest) -> str:
    return request.fields.get("username", "").strip()[:MAXIMUM_LENGTH]


async def _expired_page(request: PageRequest) -> Response:
    can_get_new = request.services.accounts.password_reset.is_offered
    continuation = await stored_return(request.browser)
    return expired_page(
        request,
        COOKIE,
        next_url=continuation.link(RECOVER if can_get_new else LOGIN),
        can_get_new=can_get_new,
        is_for_password=True,
    )


def _require_mail(request: PageRequest) -> None:
    if not request.services.accounts.password_reset.is_offered:
        raise NotFoundError(Detail.PASSWORD_RESET_OFF)
