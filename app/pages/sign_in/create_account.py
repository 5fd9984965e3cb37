"""`/create-account`: sign-up, if registration is open."""

from collections.abc import Mapping

from fastapi import APIRouter
from pydantic import SecretStr, ValidationError
from starlette.responses import RedirectResponse, Response

from app.details import Detail
from app.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    OverloadedError,
    TooManyRequestsError,
)
from app.i18n.messages import N_
from app.oauth.authorization.interactions import InteractionKind
from app.pages.sign_in.state import (
    link,
    pending_of,
    remember_password,
    sign_in_page,
)
from app.pages.support.browser import Browser, BrowserDep, TypedFormDep
from app.pages.support.forms import hints_for
from app.pages.support.languages import language_for, text_for
from app.pages.support.rate_limited import rate_limited_page
from app.schemas.users import UserCreate

router = APIRouter(include_in_schema=False)

WHAT_IS_WRONG = {
    "name": N_("Enter a name of at most 200 characters."),
    "email": N_("Enter an email address like name@example.com."),
}
ELSE = N_("This value isn't valid.")


@router.get(InteractionKind.CREATE_ACCOUNT)
async def create_account(browser: BrowserDep) -> Response:
    _require_open(browser)
    return browser.keep(await _page(browser, browser.request.query_params, {}))


@router.post(InteractionKind.CREATE_ACCOUNT)
async def register(browser: BrowserDep, form: TypedFormDep) -> Response:
    _require_open(browser)
    await pending_of(browser, form)
    if hints := hints_for(browser.request, form, "username", "password", "name", "email"):
        return await _page(browser, form, hints)
    text = text_for(browser.request)
    services = browser.services
    try:
        body = UserCreate(
            username=form.get("username", ""),
            password=SecretStr(form.get("password", "")),
            **{name: form[name] for name in ("name", "email") if form.get(name)},
        )
        await services.core.limits.count_registration()
        await services.accounts.users.register(body)
    except ValidationError as error:
        fields = [str(problem["loc"][0]) for problem in error.errors()]
        errors = {field: text(WHAT_IS_WRONG.get(field, ELSE)) for field in fields}
        return await _page(browser, form, errors)
    except (InvalidInputError, ConflictError) as error:
        return await _page(browser, form, {error.field or "": text(error.detail)})
    except TooManyRequestsError as error:
        return await rate_limited_page(
            browser.request, error, lambda said: _page(browser, form, said)
        )
    except OverloadedError:
        busy = text("Too many people are signing in right now. Try again in a minute.")
        return await _page(browser, form, {"": busy}, status=503)
    user = await services.accounts.users.get(body.username)
    await services.accounts.email_verification.welcome(user, language=language_for(browser.request))
    secret = await services.accounts.users.begin_enrolment(user)
    response = RedirectResponse(link("/login/enroll", form), status_code=303)
    return remember_password(browser, response, user, otp_secret=secret)


async def _page(
    browser: Browser,
    given: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    status: int | None = None,
) -> Response:
    return sign_in_page(
        browser,
        "create_account.html",
        await pending_of(browser, given),
        given,
        errors,
        status=status,
        posts_end_here=True,
        username=given.get("username", ""),
        login_url=link("/login", given),
        providers=await browser.services.federation.identity_providers.list_enabled(),
        name=given.get("name", ""),
        email=given.get("email", ""),
    )


def _require_open(browser: Browser) -> None:
    if not browser.services.core.registration_policy.is_open_to_users:
        raise NotFoundError(Detail.SIGN_UP_CLOSED)
