"""`/account/profile`: the standard claims that users provide about themselves."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError
from starlette.responses import Response

from app.errors import ConflictError, InvalidInputError
from app.i18n.messages import N_
from app.models.accounts.users import User
from app.pages.account import details
from app.pages.account.base import AccountRequest, AccountRequestDep, account_router
from app.pages.account.pages import AccountPage
from app.pages.account.profile_fields import ABOUT, ADDRESS, COMMON, GROUPS, Field
from app.pages.support import Errors, Fields, ShowAgainError, redirect, shown_version, shows_again
from app.pages.support.urls import ACCOUNT
from app.schemas.claims import StandardClaims
from app.services.accounts.sessions import SignedIn

router = account_router()

PLACE = "profile"
PATH = f"{ACCOUNT}/{PLACE}"
CLAIMS = tuple(field.name for field in (*COMMON, *ABOUT))
WRONG = {field.name: field.wrong for field in (*COMMON, *ABOUT, *ADDRESS)}
VERSION = "version"
USERNAME = "preferred_username"
NOT_YOUR_USERNAME = N_("Apps always see your username here. You can't change it.")


async def profile_page(
    request: AccountRequest, errors: Errors | None = None, *, status: int | None = None
) -> Response:
    is_form = request.is_form
    values = _submitted(request) if is_form else _stored_values(request.user)
    return request.account_page(
        "account_profile.html",
        errors,
        status=status,
        fields=_translated(request, COMMON),
        groups=[(request.text(heading), _translated(request, each)) for heading, each in GROUPS],
        is_open=_has_more(values, errors or {}),
        values=values,
        version=shown_version(request.user.claims),
        is_saved=not is_form and "saved" in request.fields,
        details_url=details.PATH if await details.own_details(request) else "",
    )


@router.get(PATH)
async def profile(request: AccountRequestDep) -> Response:
    return await profile_page(request)


@router.post(PATH)
@shows_again(profile_page, shows_limits=False)
async def save(request: AccountRequestDep) -> Response:
    user, submitted = request.user, _submitted(request)
    if request.fields.get(VERSION) != shown_version(user.claims):
        return await _conflict_page(request)
    request.check(*WRONG)
    changed_claims, unset = _changes(submitted, user)
    try:
        changes = StandardClaims.model_validate(changed_claims)
    except ValidationError as error:
        wrong = [str(problem["loc"][-1]) for problem in error.errors()]
        raise ShowAgainError({name: request.text(WRONG[name]) for name in wrong}) from None
    users = request.services.accounts.users
    try:
        if changed_claims or unset:
            await users.set_claims(user, changes, unset=unset)
    except InvalidInputError:
        form = Fields({**request.fields, USERNAME: user.username})
        return await profile_page(
            replace(request, fields=form), {USERNAME: request.text(NOT_YOUR_USERNAME)}
        )
    except ConflictError:
        reloaded_user = await users.find(user.user_id)
        signed_in = SignedIn(request.session, reloaded_user or user)
        return await _conflict_page(replace(request, signed_in=signed_in))
    return redirect(f"{PATH}?saved=1")


async def profile_state(request: AccountRequest) -> str | None:
    return request.user.standard_claims.name or request.user.username


def _submitted(request: AccountRequest) -> dict[str, str]:
    """Return the values of the form, keyed by field name."""
    submitted = {name: request.fields.get(name, "").strip() for name in WRONG}
    submitted[USERNAME] = submitted[USERNAME] or request.user.username
    return submitted


def _changes(submitted: Mapping[str, str], user: User) -> tuple[dict[str, Any], list[str]]:
    """Return the claims to set and the names of the claims to remove.

    An unchanged claim is in neither, because setting a claim again marks it as not verified.
    """
    stored = _stored_values(user)
    changed = [name for name in CLAIMS if submitted[name] != stored[name]]
    changes: dict[str, Any] = {name: submitted[name] for name in changed if submitted[name]}
    unset = [name for name in changed if not submitted[name]]
    address_fields = [field.name for field in ADDRESS]
    if any(submitted[name] != stored[name] for name in address_fields):
        address = {name: submitted[name] for name in address_fields if submitted[name]}
        for name in address:
            if submitted[name] == stored[name]:
                address[name] = user.standard_claims.address[name]  # keeps the line breaks
        if address:
            changes["address"] = address
        else:
            unset.append("address")
    return changes, unset


def _stored_values(user: User) -> dict[str, str]:
    """Return the stored values of the fields, keyed by field name."""
    address = user.standard_claims.address
    return {
        **{name: str(user.claim_values.get(name, "")) for name in CLAIMS},
        USERNAME: user.username,
        **{field.name: _in_one_line(address.get(field.name, "")) for field in ADDRESS},
    }


async def _conflict_page(request: AccountRequest) -> Response:
    """Show the form again, with the value saved meanwhile next to each field that differs.

    So no change is overwritten unnoticed.
    """
    text, submitted = request.text, _submitted(request)
    errors = {
        "": text(
            "Your profile was changed elsewhere after you opened this page. Check the "
            "differences, then save again."
        )
    }  # fmt: skip
    for name, value in _stored_values(request.user).items():
        if value != submitted[name]:
            message = (
                text("Changed in the meantime to: %(value)s")
                if value
                else text("Cleared in the meantime.")
            )
            errors[name] = message % {"value": value} if value else message
    return await profile_page(request, errors, status=409)


def _translated(request: AccountRequest, fields: Iterable[Field]) -> list[Field]:
    """Return the fields with their texts in the user's language."""
    text = request.text
    return [
        replace(field, label=text(field.label), hint=text(field.hint) if field.hint else "")
        for field in fields
    ]


def _has_more(values: Mapping[str, str], errors: Errors) -> bool:
    """Return whether a field under "More" has a value of the user's own, or an error."""
    return any(
        field.name in errors or (values[field.name] and not field.is_readonly)
        for _, fields in GROUPS
        for field in fields
    )


def _in_one_line(value: str) -> str:
    return ", ".join(value.splitlines())


PAGE = AccountPage(
    place=PLACE,
    label=N_("Profile"),
    needs_fresh_sign_in=True,
    accepts_mail_code=True,
    always_needs_second_factor=False,
    router=router,
    further_routers=(details.router,),
    state=profile_state,
)
