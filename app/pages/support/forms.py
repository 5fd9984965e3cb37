"""Parsing of forms that users fill in, and what is wrong with them."""

import hashlib
import unicodedata
from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request

from app.details import Detail
from app.errors import PosternError
from app.i18n.messages import N_
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidRequestError
from app.oauth.requests import form_parameters
from app.pages.support import csrf
from app.pages.support.browser import BrowserDep
from app.pages.support.negotiation import UI_LOCALES, remember_ui_locales
from app.security.text import is_storable

HINT = N_("This contains a character that isn't allowed. Type it again.")
NOT_OF_THIS_BROWSER = "It's from an earlier visit, or cookies are blocked for this site."

LIST_SUFFIXES = ("_uris", "aliases", "subjects", "presenters", "jwks")
"""End of the names of fields with values without spaces, one in each line, or with JSON."""
LINES = frozenset({"claims"})
"""Fields with texts that may have spaces, one in each line: they keep their line breaks."""

Errors = Mapping[str, str]
"""Translated messages, keyed by the names of the form's fields; "" is for the whole form."""


class FormExpiredError(PosternError):
    """The form does not belong to this browser, or cookies are disabled."""

    error = "form_expired"
    status = 403
    title = "This page has expired"

    def __init__(self, detail: str = NOT_OF_THIS_BROWSER) -> None:
        super().__init__(detail)


class UnusableTextError(PosternError):
    """A field that the page does not show contains control characters."""

    error = "invalid_request"
    status = 400
    title = N_("We couldn't process this form")

    def __init__(self) -> None:
        super().__init__(N_("It contains a control character."))


class ShowAgainError(Exception):
    """Shows the form of a route again, with errors that the user can correct.

    The route declares how, by `shows_again`.
    """

    def __init__(
        self, errors: Errors, *, status: int = 400, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"invalid fields: {', '.join(errors)}")
        self.errors = errors
        self.status = status
        self.headers = headers or {}


class Fields(dict[str, str]):
    """Fields of a form or a query, and the names of those that contained control characters.

    The values in a form are without these characters.
    """

    unclean: frozenset[str] = frozenset()


async def get_fields(request: Request, browser: BrowserDep) -> Fields:
    """Return the fields of a query, or of a form with a valid CSRF token.

    Raise `FormExpiredError` for any other form. Each form carries a token that is bound to a cookie
    of this browser, so another site can neither guess the token nor make the browser send it.
    """
    if request.method == "GET":
        return Fields(request.query_params)
    form = await _read_form(request)
    token = form.get(csrf.FIELD, "")
    identifier = csrf.browser_named_by(
        browser.services, request, token, identifier=browser.identifier
    )
    if identifier is None or browser.is_new:
        raise FormExpiredError
    browser.form_identifier = identifier
    return form


FieldsDep = Annotated[Fields, Depends(get_fields)]


async def _read_form(request: Request) -> Fields:
    content_type = request.headers.get("content-type")
    try:
        form = parse_page_form(
            await request.body(), content_type.encode("latin-1") if content_type else None
        )
    except InvalidRequestError:
        raise FormExpiredError(Detail.FORM_UNREADABLE) from None
    remember_ui_locales(request, form.get(UI_LOCALES))
    return form


def shown_version(stored: str) -> str:
    """Return a hash of what a form shows, to detect that it shows outdated values."""
    return hashlib.sha256(stored.encode()).hexdigest()[:16]


def parse_page_form(body: bytes, content_type: bytes | None) -> Fields:
    """Return the fields of a page's form, or raise `InvalidRequestError` if it cannot be parsed.

    Line breaks and tabs around a value are removed, except in a password. Those between the values
    of a list become spaces.
    """
    parameters = {
        name: _on_lines(name, value)
        for name, value in form_parameters(body, content_type, read=None).items()
    }
    if all(is_storable(name) and _is_clean(name, value) for name, value in parameters.items()):
        return Fields({name: value for name, value in parameters.items() if value})
    if not all(map(is_storable, parameters)):
        raise InvalidRequestError(Description.CONTROL_CHARACTERS)
    form = Fields()
    unclean = set()
    for name, value in parameters.items():
        text = value if "password" in name or _is_clean(name, value) else value.strip()
        if not _is_clean(name, text):
            unclean.add(name)
            text = "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cs"))
        if text:
            form[name] = text
    form.unclean = frozenset(unclean)
    return form


def _on_lines(name: str, value: str) -> str:
    if name.endswith(LIST_SUFFIXES):
        return " ".join(value.split())
    return "\n".join(value.splitlines()) if name in LINES else value


def _is_clean(name: str, value: str) -> bool:
    return is_storable(value.replace("\n", "") if name in LINES else value)
