"""Parsing of forms that users fill in, with an error for a character that cannot be stored."""

import unicodedata

from starlette.requests import Request

from app.errors import PosternError
from app.i18n.messages import N_
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidRequestError
from app.oauth.requests import form_parameters
from app.pages.support.languages import text_for
from app.security.text import is_storable

HINT = N_("This contains a character that isn't allowed. Type it again.")


class UnusableTextError(PosternError):
    """A field that the page does not show contains control characters."""

    error = "invalid_request"
    status = 400
    title = N_("We couldn't process this form")

    def __init__(self) -> None:
        super().__init__(N_("It contains a control character. Go back and fill it in again."))


class PostedForm(dict[str, str]):
    """Fields of a form without control characters; `unclean` names the fields that had any."""

    unclean: frozenset[str] = frozenset()

    def require_clean(self) -> None:
        if self.unclean:
            raise UnusableTextError


def parse_page_form(body: bytes, content_type: bytes | None) -> PostedForm:
    """Return the fields of a page's form, or raise `InvalidRequestError` if it cannot be parsed.

    Line breaks and tabs around a value are removed, except in a password.
    """
    parameters = form_parameters(body, content_type, read=None)
    if not all(map(is_storable, parameters)):
        raise InvalidRequestError(Description.CONTROL_CHARACTERS)
    form = PostedForm()
    unclean = set()
    for name, value in parameters.items():
        text = value if "password" in name or is_storable(value) else value.strip()
        if not is_storable(text):
            unclean.add(name)
            text = "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cs"))
        if text:
            form[name] = text
    form.unclean = frozenset(unclean)
    return form


def hints_for(request: Request, form: PostedForm, *fields: str) -> dict[str, str]:
    """Return an error message for each of `fields` that contained control characters.

    Raise `UnusableTextError` if a field that the page does not show contained some.
    """
    if form.unclean.difference(fields):
        raise UnusableTextError
    return {name: text_for(request)(HINT) for name in fields if name in form.unclean}
