"""`/account/profile/details`: the attributes that users set for themselves."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from app.errors import ConflictError
from app.i18n.messages import N_
from app.models.accounts.attributes import AttributeDefinition
from app.pages.account.base import AccountRequest, AccountRequestDep, account_router
from app.pages.support import Errors, ShowAgainError, redirect, shown_version, shows_again
from app.pages.support.urls import ACCOUNT
from app.schemas.attributes import is_value, text_of, value_of

router = account_router()

PATH = f"{ACCOUNT}/profile/details"
VERSION = "version"
PREFIX = "attribute-"
"""Before the name of an attribute in the form, so that it is no other field of a form."""
WRONG = {
    "string": N_("Enter at most 1,000 characters."),
    "number": N_("Enter a number, such as 3 or 2.5."),
    "boolean": N_("Choose yes or no."),
    "list": N_("Enter at most 100 values of 500 characters, separated by commas."),
}
MEANWHILE = N_("Your details were changed elsewhere. Check them, then save again.")


@dataclass(frozen=True, slots=True)
class DetailView:
    """A field of the form; `kind` is the type of the attribute."""

    name: str
    label: str
    kind: str
    value: str


async def details_page(request: AccountRequest, errors: Errors | None = None) -> Response:
    definitions, values = await own_details(request), await _values_of(request)
    return request.account_page(
        "account_details.html",
        errors,
        fields=[
            DetailView(
                name=f"{PREFIX}{each.name}",
                label=each.description or each.name,
                kind=each.type,
                value=_typed(request, each) if request.is_form else _shown(values, each),
            )
            for each in definitions
        ],
        version=_version(values),
        is_saved=not request.is_form and "saved" in request.fields,
    )


@router.get(PATH)
async def details(request: AccountRequestDep) -> Response:
    return await details_page(request)


@router.post(PATH)
@shows_again(details_page)
async def save_details(request: AccountRequestDep) -> Response:
    definitions, values = await own_details(request), await _values_of(request)
    request.check(*(f"{PREFIX}{each.name}" for each in definitions))
    if request.fields.get(VERSION) != _version(values):
        raise ShowAgainError({"": request.text(MEANWHILE)}, status=409)
    changes = _changes(request, definitions, values)
    try:
        if changes:
            await request.services.accounts.user_attributes.set_own(request.user.user_id, changes)
    except ConflictError:
        raise ShowAgainError({"": request.text(MEANWHILE)}, status=409) from None
    return redirect(f"{PATH}?saved=1")


async def own_details(request: AccountRequest) -> Sequence[AttributeDefinition]:
    """Return the attributes that the user may set."""
    return [
        each
        for each in await request.services.accounts.attributes.list_all()
        if each.is_editable_by_users and each.applies_to != "groups"
    ]


async def _values_of(request: AccountRequest) -> Mapping[str, Any]:
    return await request.services.accounts.user_attributes.of(request.user.user_id)


def _changes(
    request: AccountRequest,
    definitions: Sequence[AttributeDefinition],
    values: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the attributes to set, and None for those to remove."""
    changes: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for each in definitions:
        text = _typed(request, each)
        if text == _shown(values, each):
            continue
        try:
            changes[each.name] = _value_in(text, each.type) if text else None
        except ValueError:
            errors[f"{PREFIX}{each.name}"] = request.text(WRONG[each.type])
    if errors:
        raise ShowAgainError(errors)
    return changes


def _value_in(text: str, kind: str) -> Any:
    """Return the value that a text stands for; raise `ValueError` if it cannot be stored."""
    value = value_of(text, kind)
    if not is_value(value):
        raise ValueError(text)
    return value


def _typed(request: AccountRequest, definition: AttributeDefinition) -> str:
    return request.fields.get(f"{PREFIX}{definition.name}", "").strip()


def _shown(values: Mapping[str, Any], definition: AttributeDefinition) -> str:
    value = values.get(definition.name)
    return text_of(value) if value is not None else ""


def _version(values: Mapping[str, Any]) -> str:
    return shown_version(json.dumps(dict(values), sort_keys=True))
