"""`/admin/users`: create a user, and change the profile of one."""

from collections.abc import Mapping

from starlette.responses import Response

from app.models.accounts.users import User
from app.pages.admin.base import (
    NEW,
    ConsoleRequest,
    ConsoleRequestDep,
    changes_router,
    dangerous_router,
)
from app.pages.admin.forms import (
    FormView,
    form_page,
    parse_body,
    require_current,
    shown_in_form,
    typed_in,
)
from app.pages.admin.user_forms import (
    CLAIMS,
    EMAIL,
    EMAIL_VERIFIED,
    NAME,
    PASSWORD,
    PATH,
    PROFILE,
    USERNAME,
    VERIFIED,
    UserRequest,
    UserRequestDep,
    stored_profile,
    version_of,
)
from app.pages.support import Errors, redirect, shows_again
from app.schemas.claims import StandardClaims
from app.schemas.users import UserCreate

changes, dangerous = changes_router(), dangerous_router()
routers = (changes, dangerous)

NEW_FIELDS = (USERNAME, NAME, EMAIL, EMAIL_VERIFIED, PASSWORD)


async def new_user_page(request: ConsoleRequest, errors: Errors | None = None) -> Response:
    form = FormView(
        heading=request.text("Create a user"),
        introduction=request.text(
            "You choose the password and pass it on. To let users choose their own, invite them."
        ),
        fields=[field.in_language(request.text) for field in NEW_FIELDS],
        values=typed_in(request, NEW_FIELDS) if request.is_form else {},
        submit=request.text("Create user"),
        cancel_url=PATH,
    )
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{NEW}")
async def new_user(request: ConsoleRequestDep) -> Response:
    return await new_user_page(request)


@changes.post(f"{PATH}/{NEW}")
@shows_again(new_user_page)
async def create_user(request: ConsoleRequestDep) -> Response:
    request.check(*(field.name for field in NEW_FIELDS))
    typed = typed_in(request, NEW_FIELDS)
    values = {name: value for name, value in typed.items() if value and name != VERIFIED}
    values["password"] = request.fields.get(PASSWORD.name, "")
    body = parse_body(request, UserCreate, {"username": "", **values}, NEW_FIELDS)
    vouched_for = [VERIFIED] if typed[VERIFIED] and body.email else []
    with shown_in_form(request, NEW_FIELDS):
        new = await request.services.accounts.administration.users.create(
            body, vouched_for=vouched_for, authority=request.authority
        )
    return redirect(f"{PATH}/{new.user.user_id}?done=created")


async def edit_page(request: UserRequest, errors: Errors | None = None) -> Response:
    subject = request.subject
    form = FormView(
        heading=request.text("Edit profile"),
        object_name=subject.username,
        fields=[field.in_language(request.text) for field in PROFILE],
        values=typed_in(request, PROFILE) if request.is_form else stored_profile(subject),
        submit=request.text("Save"),
        cancel_url=request.subject_url,
        version=version_of(subject),
    )
    return form_page(request, form, errors)


@dangerous.get(f"{PATH}/{{user_id}}/edit")
async def edit_user(request: UserRequestDep) -> Response:
    return await edit_page(request)


@dangerous.post(f"{PATH}/{{user_id}}/edit")
@shows_again(edit_page)
async def save_user(request: UserRequestDep) -> Response:
    request.check(*(field.name for field in PROFILE))
    subject, typed = request.subject, typed_in(request, PROFILE)
    stored = stored_profile(subject)
    require_current(request, version_of(subject), typed=typed, stored=stored)
    changed = _changed(typed, subject)
    body = parse_body(
        request, StandardClaims, {name: changed[name] for name in changed if changed[name]}, PROFILE
    )
    is_vouched_for = bool(typed[VERIFIED] and typed[EMAIL.name])
    if not changed and is_vouched_for == bool(stored[VERIFIED]):
        return redirect(request.subject_url)
    with shown_in_form(request, PROFILE):
        await request.services.accounts.administration.users.set_claims(
            subject.user_id,
            body,
            unset=[name for name, value in changed.items() if not value],
            vouched_for=[VERIFIED] if is_vouched_for else [],
            since=subject,
            authority=request.authority,
        )
    return redirect(f"{request.subject_url}?done=saved")


def _changed(typed: Mapping[str, str], subject: User) -> dict[str, str]:
    """Return the claims to set, or to remove if they are "".

    The email address is set again if it is no longer verified.
    """
    stored = stored_profile(subject)
    changed = {name: typed[name] for name in CLAIMS if typed[name] != stored[name]}
    if stored[VERIFIED] and not typed[VERIFIED] and typed[EMAIL.name]:
        changed[EMAIL.name] = typed[EMAIL.name]
    return changed
