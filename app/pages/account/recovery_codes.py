"""`/account/recovery-codes`: how many recovery codes are left, and creation of new ones."""

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.account.base import AccountRequest, AccountRequestDep, account_router
from app.pages.account.pages import AccountPage
from app.pages.sign_in.new_recovery_codes import codes_page
from app.pages.support import GoToError
from app.pages.support.urls import ACCOUNT, LOGIN
from app.services.factors.recovery_codes import COUNT, FEW

router = account_router()
PLACE = "recovery-codes"
PATH = f"{ACCOUNT}/{PLACE}"


@router.get(PATH)
async def recovery_codes(request: AccountRequestDep) -> Response:
    left = await request.services.factors.recovery_codes.count_left(request.user)
    return request.account_page("account_recovery_codes.html", left=left, is_few=left <= FEW)


@router.post(PATH)
async def make(request: AccountRequestDep) -> Response:
    request.check()
    codes = await request.services.factors.recovery_codes.make(request.user)
    if codes is None:
        raise GoToError(LOGIN)
    return codes_page(request.continuing_at(PLACE), request.user, codes)


async def recovery_codes_state(request: AccountRequest) -> str | None:
    left = await request.once(request.services.factors.recovery_codes.count_left)
    if left <= FEW:
        return request.text("Only %(left)s of %(all)s left") % {"left": left, "all": COUNT}
    return request.text("%(left)s of %(all)s left") % {"left": left, "all": COUNT}


PAGE = AccountPage(
    place=PLACE,
    label=N_("Recovery codes"),
    needs_fresh_sign_in=True,
    accepts_mail_code=True,
    always_needs_second_factor=False,
    router=router,
    state=recovery_codes_state,
)
