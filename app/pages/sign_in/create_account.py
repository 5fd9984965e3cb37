"""`/create-account`: sign-up, if registration is open."""

from fastapi import Depends
from pydantic import SecretStr, ValidationError
from starlette.responses import Response

from app.details import Detail
from app.errors import ConflictError, InvalidInputError, NotFoundError
from app.i18n.messages import N_
from app.models.accounts.sessions import PASSWORD
from app.pages.sign_in.login_methods import offered_methods, require_accepted
from app.pages.sign_in.state import store_sign_in
from app.pages.support import (
    Errors,
    InteractionRequest,
    InteractionRequestDep,
    PageRequestDep,
    ShowAgainError,
    page_router,
    redirect,
    shows_again,
)
from app.pages.support.messages import BUSY
from app.pages.support.urls import CREATE_ACCOUNT, ENROLL, LOGIN
from app.schemas.users import UserCreate

router = page_router()

WHAT_IS_WRONG = {
    "name": N_("Enter a name of at most 200 characters."),
    "email": N_("Enter an email address like name@example.com."),
}
ELSE = N_("This value isn't valid.")


async def require_open_sign_up(request: PageRequestDep) -> None:
    if not request.services.core.registration_policy.is_open_to_users:
        raise NotFoundError(Detail.SIGN_UP_CLOSED)


async def create_account_page(
    request: InteractionRequest, errors: Errors | None = None
) -> Response:
    fields, methods = request.fields, await offered_methods(request)
    return request.interaction_page(
        "create_account.html",
        errors,
        posts_end_here=True,
        username=fields.get("username", ""),
        login_url=request.link(LOGIN),
        has_password=methods.has_password,
        providers=methods.providers,
        name=fields.get("name", ""),
        email=fields.get("email", ""),
        minimum_length=request.services.core.settings.password_min_length,
    )


@router.get(CREATE_ACCOUNT, dependencies=[Depends(require_open_sign_up)])
async def create_account(request: InteractionRequestDep) -> Response:
    return await create_account_page(request)


@router.post(CREATE_ACCOUNT, dependencies=[Depends(require_open_sign_up)])
@shows_again(create_account_page, busy=BUSY)
async def register(request: InteractionRequestDep) -> Response:
    request.check("username", "password", "name", "email")
    require_accepted(request, PASSWORD)
    form, accounts = request.fields, request.services.accounts
    try:
        body = UserCreate(
            username=form.get("username", ""),
            password=SecretStr(form.get("password", "")),
            **{name: form[name] for name in ("name", "email") if form.get(name)},
        )
        await request.services.core.limits.count_registration()
        await accounts.users.register(body)
    except ValidationError as error:
        fields = [str(problem["loc"][0]) for problem in error.errors()]
        raise ShowAgainError(
            {field: request.text(WHAT_IS_WRONG.get(field, ELSE)) for field in fields}
        ) from None
    except (InvalidInputError, ConflictError) as error:
        raise ShowAgainError({error.field or "": error.translated(request.text)}) from None
    user = await accounts.users.get(body.username)
    await accounts.email_verification.welcome(user, language=request.language)
    secret = await accounts.users.begin_enrolment(user)
    store_sign_in(request.browser, user, otp_secret=secret)
    return redirect(request.link(ENROLL))
