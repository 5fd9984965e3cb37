"""`/account/data`: download the data stored about the user, and delete the account."""

import json

from starlette.responses import Response

from app.errors import LastAdministratorError
from app.i18n.messages import N_
from app.oauth.redirect_uris import origin_of
from app.pages.account.base import AccountRequest, AccountRequestDep, account_router
from app.pages.account.pages import AccountPage
from app.pages.support import Errors, ShowAgainError, shows_again
from app.pages.support.templating import page
from app.pages.support.urls import ACCOUNT
from app.security import usernames
from app.services.accounts.events import AccountEvent

router = account_router()

PLACE = "data"
PATH = f"{ACCOUNT}/{PLACE}"
CONFIRMATION = "confirmation"
FILE_NAME = "account-data.json"


async def data_page(request: AccountRequest, errors: Errors | None = None) -> Response:
    typed = _typed(request) if request.is_form else ""
    return request.account_page("account_data.html", errors, confirmation=typed)


@router.get(PATH)
async def data(request: AccountRequestDep) -> Response:
    return await data_page(request)


@router.post(f"{PATH}/download")
async def download(request: AccountRequestDep) -> Response:
    request.check()
    account_data = await request.services.accounts.account_data.export(request.user)
    headers = {
        "Content-Disposition": f'attachment; filename="{FILE_NAME}"',
        "Cache-Control": "no-store",
    }
    content = json.dumps(account_data, indent=2, ensure_ascii=False)
    return Response(content, media_type="application/json", headers=headers)


@router.post(f"{PATH}/delete")
@shows_again(data_page, shows_limits=False)
async def delete(request: AccountRequestDep) -> Response:
    """Delete the account permanently; the user types their username to prevent an accident."""
    request.check(CONFIRMATION)
    if usernames.key_or_none(_typed(request)) != request.user.username_key:
        wrong = request.text("That's not your username. Your account wasn't deleted.")
        raise ShowAgainError({CONFIRMATION: wrong})
    services, user, session_id = request.services, request.user, request.session.session_id
    frames = await services.oauth.logout.frames(session_id)
    session_ended = services.core.audit.event(AccountEvent.SESSION_ENDED, user_id=user.user_id)
    try:
        await services.accounts.account_data.delete(user, is_full=True, session_ended=session_ended)
    except LastAdministratorError as error:
        raise ShowAgainError({"": request.text(error.detail)}) from None
    request.browser.forget(session_id)
    services.oauth.logout_delivery.kick()
    return page(
        request.browser.request,
        "account_deleted.html",
        frame_src=list(dict.fromkeys(origin_of(frame) for frame in frames)),
        frames=frames,
        errors={},
    )


async def data_state(request: AccountRequest) -> str | None:
    return request.text("Download your data or delete your account")


def _typed(request: AccountRequest) -> str:
    return request.fields.get(CONFIRMATION, "").strip()


PAGE = AccountPage(
    place=PLACE,
    label=N_("Your data"),
    needs_fresh_sign_in=True,
    accepts_mail_code=True,
    always_needs_second_factor=False,
    router=router,
    state=data_state,
)
