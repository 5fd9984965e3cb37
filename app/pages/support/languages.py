"""The language of a page.

A client's `ui_locales` (OpenID Connect Core section 3.1.2.1) applies to every page of the
interaction: links and forms carry the language that was chosen from it.
"""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from fastapi import Request

from app.i18n.languages import DEFAULT, first_known_or_none, translations_of
from app.pages.support.negotiation import languages

UI_LOCALES = "ui_locales"
_OF_INTERACTION = "postern.ui_locales"


def language_for(request: Request) -> str:
    """Return the language by `ui_locales`, else by `Accept-Language`, else the default."""
    preferred = languages(request.headers.get("accept-language", ""))
    return asked_language(request) or first_known_or_none(preferred) or DEFAULT


def text_for(request: Request) -> Callable[[str], str]:
    """Return the function that translates a text into the user's language."""
    return translations_of(language_for(request)).gettext


def asked_language(request: Request) -> str | None:
    """Return the first supported language in `ui_locales`, or None."""
    ui_locales = request.query_params.get(UI_LOCALES) or request.scope.get(_OF_INTERACTION) or ""
    return first_known_or_none(ui_locales.split())


def remember_ui_locales(request: Request, ui_locales: str | None) -> None:
    """Set the language of a request to its interaction's, unless its own query names another."""
    if ui_locales and not asked_language(request):
        request.scope[_OF_INTERACTION] = ui_locales


def language_fields(given: Mapping[str, str]) -> dict[str, str]:
    """Return the supported `ui_locales` of a query or a form, for links and hidden fields."""
    language = first_known_or_none(given.get(UI_LOCALES, "").split())
    return {UI_LOCALES: language} if language is not None else {}


def in_language(request: Request, path: str) -> str:
    """Add the `ui_locales` of this request to a path of this server."""
    language = asked_language(request)
    if language is None or f"{UI_LOCALES}=" in path:
        return path
    return f"{path}{'&' if '?' in path else '?'}{urlencode({UI_LOCALES: language})}"
