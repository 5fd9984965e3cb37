"""`/account/profile`: what a person says about himself."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from app.errors import ConflictError, InvalidInputError
from app.models.users import User
from app.pages.account.base import account_page, account_router, fresh_person
from app.pages.account.profile_fields import ABOUT, ADDRESS, GROUPS, NAMES, Field
from app.pages.browser import Browser, BrowserDep, TypedFormDep
from app.pages.forms import hints_for
from app.pages.languages import text_for
from app.pages.sentences import N_
from app.schemas.claims import StandardClaims
from app.services.sessions import SignedIn

router = account_router()
FreshPersonDep = Annotated[SignedIn, Depends(fresh_person("profile"))]

CLAIMS = tuple(each.name for each in (*NAMES, *ABOUT))
WRONG = {each.name: each.wrong for _, fields in GROUPS for each in fields}
VERSION = "version"
USERNAME = "preferred_username"
NOT_YOUR_USERNAME = N_("Apps always see your username here. It can't be changed.")


@router.get("/account/profile")
async def profile(browser: BrowserDep, person: FreshPersonDep) -> Response:
    is_saved = "saved" in browser.request.query_params
    return _page(browser, person, _kept(person.user), is_saved=is_saved)


@router.post("/account/profile")
async def save(browser: BrowserDep, form: TypedFormDep, person: FreshPersonDep) -> Response:
    text = text_for(browser.request)
    given = {name: form.get(name, "").strip() for name in WRONG}
    given[USERNAME] = given[USERNAME] or person.user.username
    if form.get(VERSION) != _version(person.user):
        return _conflict(browser, person, given)
    if hints := hints_for(browser.request, form, *WRONG):
        return _page(browser, person, given, hints)
    said, unset = _changes(given, person.user)
    try:
        changes = StandardClaims.model_validate(said)
    except ValidationError as error:
        wrong = [str(each["loc"][-1]) for each in error.errors()]
        return _page(browser, person, given, {name: text(WRONG[name]) for name in wrong})
    try:
        if said or unset:
            await browser.services.users.set_claims(
                person.user.username, changes, unset=unset, since=person.user
            )
    except InvalidInputError:
        values = {**given, USERNAME: person.user.username}
        return _page(browser, person, values, {USERNAME: text(NOT_YOUR_USERNAME)})
    except ConflictError:
        again = await browser.services.users.find(person.user.user_id)
        return _conflict(browser, SignedIn(person.session, again or person.user), given)
    return browser.keep(RedirectResponse("/account/profile?saved=1", status_code=303))


async def profile_state(browser: Browser, person: SignedIn) -> str | None:
    return str(json.loads(person.user.claims).get("name") or person.user.username)


def _changes(given: Mapping[str, str], user: User) -> tuple[dict[str, Any], list[str]]:
    """What is to be set, and what is to be forgotten. A claim that stays as it is is in neither:
    to set it again would mean that nobody verified it."""
    claims, kept = json.loads(user.claims), _kept(user)
    changed = [name for name in CLAIMS if given[name] != kept[name]]
    said: dict[str, Any] = {name: given[name] for name in changed if given[name]}
    unset = [name for name in changed if not given[name]]
    parts = [each.name for each in ADDRESS]
    if any(given[name] != kept[name] for name in parts):
        address = {name: given[name] for name in parts if given[name]}
        for name in address:
            if given[name] == kept[name]:
                address[name] = claims["address"][name]  # with its line breaks
        if address:
            said["address"] = address
        else:
            unset.append("address")
    return said, unset


def _kept(user: User) -> dict[str, str]:
    """What the fields hold, by their names."""
    claims = json.loads(user.claims)
    address = claims.get("address", {})
    return {
        **{name: str(claims.get(name, "")) for name in CLAIMS},
        USERNAME: user.username,
        **{each.name: _in_one_line(address.get(each.name, "")) for each in ADDRESS},
    }


def _conflict(browser: Browser, person: SignedIn, given: Mapping[str, str]) -> Response:
    """Says beside each field what somebody else saved meanwhile; nothing of it is lost unseen."""
    text = text_for(browser.request)
    kept = _kept(person.user)
    errors = {
        "": text("Your profile was changed elsewhere since you opened this page."
                 " Compare, and save again what is right.")
    }  # fmt: skip
    for name, value in kept.items():
        if value != given[name]:
            saved = text("Saved meanwhile: %(value)s") if value else text("Emptied meanwhile.")
            errors[name] = saved % {"value": value} if value else saved
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
    """The fields in the reader's language."""
    text = text_for(browser.request)
    return [
        (
            text(heading),
            [
                replace(each, label=text(each.label), hint=text(each.hint) if each.hint else "")
                for each in fields
            ],
        )
        for heading, fields in GROUPS
    ]


def _version(user: User) -> str:
    """Tells whether a form shows what is kept today."""
    return hashlib.sha256(user.claims.encode()).hexdigest()[:16]


def _in_one_line(value: str) -> str:
    return ", ".join(value.splitlines())
