"""`/login`: the username and password."""

from starlette.responses import Response

from app.models.accounts.sessions import PASSWORD
from app.oauth.authorization.interactions import InteractionKind
from app.oauth.errors import OAuth2Error
from app.pages.authorize.endpoint import answer
from app.pages.sign_in.completion import asks_to_stay
from app.pages.sign_in.login_methods import offered_methods, require_accepted
from app.pages.sign_in.refusals import refusal_message
from app.pages.sign_in.requirements import requirement_before_sign_in
from app.pages.sign_in.second_factor import after_first_factor
from app.pages.support import (
    Errors,
    InteractionRequest,
    InteractionRequestDep,
    PendingDep,
    ShowAgainError,
    page_router,
    shows_again,
)
from app.pages.support.messages import BUSY
from app.pages.support.urls import CANCEL, CREATE_ACCOUNT, LOGIN, RECOVER
from app.pages.support.view_models import view_of_signed_in
from app.security import usernames
from app.services.accounts.sessions import AMR_PASSWORD, SignedIn

router = page_router()


async def login_page(
    request: InteractionRequest, errors: Errors | None = None, *, status: int | None = None
) -> Response:
    fields, services, link = request.fields, request.services, request.continuation.link
    signed_in, methods = await _user_asked_again(request), await offered_methods(request)
    login_hint = request.pending.request.login_hint if request.pending is not None else None
    current_username = signed_in.user.username if signed_in is not None else ""
    return request.interaction_page(
        "login.html",
        errors,
        status=status,
        username=fields.get("username") or login_hint or current_username,
        user=view_of_signed_in(signed_in) if signed_in is not None else None,
        switch_url=link(LOGIN, other="1"),
        recover_url=link(RECOVER),
        register_url=link(CREATE_ACCOUNT),
        has_password=methods.has_password,
        can_register=services.core.registration_policy.is_open_to_users,
        can_recover=methods.has_password and services.accounts.password_reset.is_offered,
        has_new_password=fields.get("done") == "password" and not errors,
        providers=methods.providers,
        passkeys=services.factors.passkeys.origin if methods.has_passkey else None,
        offers_passkey_first=requirement_before_sign_in(request).offers_passkey_first,
        staying_days=services.accounts.sessions.staying_ttl.days,
        stays_signed_in=_stays_signed_in(request),
    )


@router.get(LOGIN)
async def login(request: InteractionRequestDep) -> Response:
    return await login_page(request, refusal_message(request), status=200)


@router.post(LOGIN)
@shows_again(login_page, busy=BUSY)
async def give_password(request: InteractionRequestDep) -> Response:
    request.check("username", "password")
    require_accepted(request, PASSWORD)
    username = request.fields.get("username", "").strip()
    password = request.fields.get("password", "")
    if not username:
        raise ShowAgainError({"username": request.text("Enter your username.")})
    if not password:
        raise ShowAgainError({"password": request.text("Enter your password.")})
    user = await request.services.accounts.authentication.check_password(username, password)
    if user is None:
        raise ShowAgainError({"": request.text("Wrong username or password.")})
    return await after_first_factor(request, user, first_factor=AMR_PASSWORD)


@router.post(CANCEL)
async def cancel(request: InteractionRequestDep, pending: PendingDep) -> Response:
    request.check()
    response = await request.services.oauth.authorization.cancel(pending)
    return answer(request.browser, response)


def _stays_signed_in(request: InteractionRequest) -> bool:
    """Return whether to check the box: as in the form, or as in the current session."""
    current = request.browser.current
    if request.is_form:
        return asks_to_stay(request)
    return current is not None and current.session.stays_signed_in


async def _user_asked_again(request: InteractionRequest) -> SignedIn | None:
    """Return the signed-in user who must sign in again because of `prompt=login`, `max_age`, or
    how they signed in.

    Return None if another username was typed or another account was chosen.
    """
    pending, fields = request.pending, request.fields
    if pending is None or fields.get("other"):
        return None
    authorization = request.services.oauth.authorization
    try:
        position = await authorization.position(pending, request.browser.signed_in)
    except OAuth2Error:  # a sign-in cannot fix it; it is reported when the request resumes
        return None
    signed_in = position.signed_in if position.step is InteractionKind.LOGIN else None
    username = fields.get("username") or pending.request.login_hint
    if signed_in is None or (
        username and usernames.key_or_none(username) != signed_in.user.username_key
    ):
        return None
    return signed_in
