"""`/account/profile`: the standard claims that users provide about themselves."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from app.errors import ConflictError, InvalidInputError
from app.i18n.messages import N_
from app.models.accounts.users import User
from app.pages.account.base import account_page, account_router, fresh_person
from app.pages.account.profile_fields import ABOUT, ADDRESS, GROUPS, NAMES, Field
from app.pages.support.browser import Browser, BrowserDep, TypedFormDep
from app.pages.support.forms import hints_for
from app.pages.support.languages import text_for
from app.schemas.claims import StandardClaims
from app.services.accounts.sessions import SignedIn

router = account_router()
RecentSignInDep = Annotated[SignedIn, Depends(fresh_person("profile"))]

CLAIMS = tuple(field.name for field in (*NAMES, *ABOUT))
WRONG = {field.name: field.wrong for _, fields in GROUPS for field in fields}
VERSION = "version"
USERNAME = "preferred_username"
NOT_YOUR_USERNAME = N_("Apps always see your username here. You can't change it.")


@router.get("/account/profile")
async def profile(browser: BrowserDep, person: RecentSignInDep) -> Response:
    is_saved = "saved" in browser.request.query_params
    return _page(browser, person, _kept(person.user), is_saved=is_saved)


@router.post("/account/profile")
async def save(browser: BrowserDep, form: TypedFormDep, person: RecentSignInDep) -> Response:
    text = text_for(browser.request)
    submitted = {name: form.get(name, "").strip() for name in WRONG}
    submitted[USERNAME] = submitted[USERNAME] or person.user.username
    if form.get(VERSION) != _version(person.user):
        return _conflict(browser, person, submitted)
    if hints := hints_for(browser.request, form, *WRONG):
        return _page(browser, person, submitted, hints)
    changed_claims, unset = _changes(submitted, person.user)
    try:
        changes = StandardClaims.model_validate(changed_claims)
    except ValidationError as error:
        wrong = [str(problem["loc"][-1]) for problem in error.errors()]
        return _page(browser, person, submitted, {name: text(WRONG[name]) for name in wrong})
    try:
        if changed_claims or unset:
            await browser.services.accounts.users.set_claims(
                person.user.username, changes, unset=unset, since=person.user
            )
    except InvalidInputError:
        values = {**submitted, USERNAME: person.user.username}
        return _page(browser, person, values, {USERNAME: text(NOT_YOUR_USERNAME)})
    except ConflictError:
        reloaded_user = await browser.services.accounts.users.find(person.user.user_id)
        return _conflict(browser, SignedIn(person.session, reloaded_user or person.user), submitted)
    return browser.keep(RedirectResponse("/account/profile?saved=1", status_code=303))


async def profile_state(browser: Browser, person: SignedIn) -> str | None:
    return person.user.standard_claims.name or person.user.username


def _changes(given: Mapping[str, str], user: User) -> tuple[dict[str, Any], list[str]]:
    """Return the claims to set and the names of the claims to remove.

    An unchanged claim is in neither, because setting a claim again marks it as not verified.
    """
    stored = _kept(user)
    changed = [name for name in CLAIMS if given[name] != stored[name]]
    changes: dict[str, Any] = {name: given[name] for name in changed if given[name]}
    unset = [name for name in changed if not given[name]]
    address_fields = [field.name for field in ADDRESS]
    if any(given[name] != stored[name] for name in address_fields):
        address = {name: given[name] for name in address_fields if given[name]}
        for name in address:
            if given[name] == stored[name]:
                address[name] = user.standard_claims.address[name]  # keeps the line breaks
        if address:
            changes["address"] = address
        else:
            unset.append("address")
    return changes, unset


def _kept(user: User) -> dict[str, str]:
    """Return the stored values of the fields, keyed by field name."""
    address = user.standard_claims.address
    return {
        **{name: str(user.claim_values.get(name, "")) for name in CLAIMS},
        USERNAME: user.username,
        **{field.name: _in_one_line(address.get(field.name, "")) for field in ADDRESS},
    }


def _conflict(browser: Browser, person: SignedIn, given: Mapping[str, str]) -> Response:
    """Show the form again, with the value saved meanwhile next to each field that differs.

    So no change is overwritten unnoticed.
    """
    text = text_for(browser.request)
    stored = _kept(person.user)
    errors = {
        "": text(
            "Your profile was changed elsewhere after you opened this page. Check the "
            "differences, then save again."
        )
    }  # fmt: skip
    for name, value in stored.items():
        if value != given[name]:
            message = (
                text("Changed in the meantime to: %(value)s")
                if value
                else text("Cleared in the meantime.")
            )
            errors[name] = message % {"value": value} if value else message
    return _page(browser, person, given, errors, status=409)


def _page(
    browser: Browser,
    person: SignedIn,
    values: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
    *,
    status: int | None = None,
    is_saved: bool = False,
) -> Response:
    return account_page(
        browser,
        person,
        "account_profile.html",
        errors,
        status=status,
        groups=_groups_in_words(browser),
        values=values,
        version=_version(person.user),
        is_saved=is_saved,
    )


def _groups_in_words(browser: Browser) -> list[tuple[str, list[Field]]]:
    """Return the fields with their texts in the user's language."""
    text = text_for(browser.request)
    return [
        (
            text(heading),
            [
                replace(field, label=text(field.label), hint=text(field.hint) if field.hint else "")
                for field in fields
            ],
        )
        for heading, fields in GROUPS
    ]


def _version(user: User) -> str:
    """Return a hash of the claims, to detect a form that shows outdated values."""
    return hashlib.sha256(user.claims.encode()).hexdigest()[:16]


def _in_one_line(value: str) -> str:
    return ", ".join(value.splitlines())
