"""`/account/passkeys`: add, rename and remove passkeys."""

from collections.abc import Sequence

from starlette.responses import Response

from app.details import Detail
from app.errors import NotFoundError
from app.i18n.messages import N_
from app.models.factors.passkeys import Passkey
from app.pages.account.base import AccountRequest, AccountRequestDep, account_router
from app.pages.account.pages import AccountPage
from app.pages.sign_in.passkey import options_answer, usual_name
from app.pages.support import Errors, ShowAgainError, redirect, shows_again
from app.pages.support.urls import ACCOUNT
from app.services.accounts.events import AccountEvent
from app.services.factors.passkeys import MAXIMUM_NAME, MAXIMUM_PASSKEYS, PasskeyRefusedError

router = account_router()
names_router = account_router()
"""The list of passkeys and their names, which are neither a secret nor a factor."""

PLACE = "passkeys"
PATH = f"{ACCOUNT}/{PLACE}"


async def passkeys_page(request: AccountRequest, errors: Errors | None = None) -> Response:
    passkeys: Sequence[Passkey] = await request.services.factors.passkeys.list_of(request.user)
    origin = request.services.factors.passkeys.origin
    if not (origin or passkeys):
        raise NotFoundError(Detail.PASSKEYS_UNAVAILABLE)
    return request.account_page(
        "account_passkeys.html",
        errors,
        passkeys=passkeys,
        origin=origin,
        may_add=len(passkeys) < MAXIMUM_PASSKEYS,
        maximum_name=MAXIMUM_NAME,
        usual_name=usual_name(request),
        typed={"name": request.fields.get("name", "")},
    )


async def rename_page(request: AccountRequest, errors: Errors) -> Response:
    """Return the page with the errors at the passkey whose name the form changes."""
    field = f"name-{request.fields.get('passkey_id', '')}"
    return await passkeys_page(request, {field: errors["name"]})


@names_router.get(PATH)
async def show(request: AccountRequestDep) -> Response:
    return await passkeys_page(request)


@names_router.post(f"{PATH}/rename")
@shows_again(rename_page, shows_limits=False)
async def rename(request: AccountRequestDep) -> Response:
    request.check("name")
    name = request.fields.get("name", "").strip()
    if name:
        await request.services.factors.passkeys.rename(
            request.user, request.fields.get("passkey_id", ""), name
        )
    return redirect(PATH)


@router.post(f"{PATH}/options")
async def options(request: AccountRequestDep) -> Response:
    request.check()
    creation_options = await request.services.factors.passkeys.creation_options(
        request.user, browser=request.browser.form_identifier
    )
    return options_answer(creation_options)


@router.post(PATH)
@shows_again(passkeys_page, shows_limits=False)
async def add(request: AccountRequestDep) -> Response:
    request.check("name")
    form, services = request.fields, request.services
    try:
        passkey = await services.factors.passkeys.add(
            request.user,
            form.get("credential", ""),
            name=form.get("name", "").strip() or usual_name(request),
            browser=request.browser.form_identifier,
        )
    except PasskeyRefusedError as error:
        raise ShowAgainError({"": request.text(error.detail)}) from None
    await services.core.notices.send(request.user, AccountEvent.PASSKEY_ADDED, name=passkey.name)
    return redirect(PATH)


@router.post(f"{PATH}/remove")
@shows_again(passkeys_page, shows_limits=False)
async def remove(request: AccountRequestDep) -> Response:
    request.check()
    services, passkey_id = request.services, request.fields.get("passkey_id", "")
    try:
        passkey = await services.factors.passkeys.remove(
            request.user,
            passkey_id,
            except_session=request.session,
            keeps_factor=await request.keeps_factor(),
            is_full=True,
        )
    except PasskeyRefusedError as error:
        raise ShowAgainError({"": request.text(error.detail)}) from None
    if passkey is not None:
        await services.core.notices.send(
            request.user, AccountEvent.PASSKEY_REMOVED, name=passkey.name
        )
        await request.stay_signed_in()
    return redirect(PATH)


async def passkeys_state(request: AccountRequest) -> str | None:
    """Return the number of passkeys as a text for the overview; None if they are not offered.

    "" means that passkeys are offered but the user has none.
    """
    passkeys = request.services.factors.passkeys
    count = await request.once(passkeys.count_of)
    if not count:
        return "" if passkeys.origin else None
    return request.text("Added: %(count)s") % {"count": count}


PAGE = AccountPage(
    place=PLACE,
    label=N_("Passkeys"),
    needs_fresh_sign_in=True,
    accepts_mail_code=True,
    always_needs_second_factor=False,
    router=router,
    router_for_any_sign_in=names_router,
    state=passkeys_state,
    is_offered=lambda request: request.services.factors.passkeys.origin is not None,
)
