"""Content negotiation (RFC 9110 section 12.5): HTML or JSON, and the language of a page.

A client's `ui_locales` (OpenID Connect Core section 3.1.2.1) applies to every page of the
interaction: links and forms carry the language that was chosen from it.
"""

from collections.abc import Callable
from urllib.parse import urlencode

from fastapi import Request

from app.i18n.languages import DEFAULT, first_known_or_none, translations_of

UI_LOCALES = "ui_locales"
_ASKED = "postern.asked_language"
_LANGUAGE = "postern.language"


def language_for(request: Request) -> str:
    """Return the language by `ui_locales`, else by `Accept-Language`, else the default."""
    language: str | None = request.scope.get(_LANGUAGE)
    if language is None:
        language = asked_language(request)
        if language is None:
            preferred = languages(request.headers.get("accept-language", ""))
            language = first_known_or_none(preferred) or DEFAULT
        request.scope[_LANGUAGE] = language
    return language


def text_for(request: Request) -> Callable[[str], str]:
    """Return the function that translates a text into the user's language."""
    return translations_of(language_for(request)).gettext


def asked_language(request: Request) -> str | None:
    """Return the first supported language in `ui_locales`, or None."""
    if _ASKED not in request.scope:
        request.scope[_ASKED] = supported_language(request.query_params.get(UI_LOCALES, ""))
    language: str | None = request.scope[_ASKED]
    return language


def remember_ui_locales(request: Request, ui_locales: str | None) -> None:
    """Set the language of a request to its interaction's, unless its own query names another."""
    if ui_locales and not request.query_params.get(UI_LOCALES) and not asked_language(request):
        request.scope[_ASKED] = supported_language(ui_locales)
        request.scope.pop(_LANGUAGE, None)


def supported_language(ui_locales: str) -> str | None:
    """Return the first supported language of these tags, which are separated by spaces, or None."""
    return first_known_or_none(ui_locales.split()) if ui_locales else None


def in_language(request: Request, path: str) -> str:
    """Add the `ui_locales` of this request to a path of this server."""
    language = asked_language(request)
    if language is None or f"{UI_LOCALES}=" in path:
        return path
    return f"{path}{'&' if '?' in path else '?'}{urlencode({UI_LOCALES: language})}"


def prefers_html(accept: str) -> bool:
    """Return whether an `Accept` header prefers HTML to JSON.

    Browsers list text/html first or with the highest quality; API clients do not list it.
    """
    preferences = dict(_liked(accept))
    html = preferences.get("text/html", (0.0, 0))
    json = max(
        preferences.get("application/json", (0.0, 0)), preferences.get("application/*", (0.0, 0))
    )
    return html[0] > 0 and html > json


def languages(accept_language: str) -> list[str]:
    """Return the language tags of an `Accept-Language` header in lower case, preferred first."""
    preferred = [
        (preference, tag) for tag, preference in _liked(accept_language) if preference[0] > 0
    ]
    return [tag for _, tag in sorted(preferred, reverse=True)]


def _liked(header: str) -> list[tuple[str, tuple[float, int]]]:
    """Return each value of a header with its preference: the quality, then the negated position.

    Only the first 50 values are read.
    """
    values = []
    for position, part in enumerate(header.lower().split(",")[:50]):
        value, *parameters = (item.strip() for item in part.split(";"))
        values.append((value, (_quality(parameters), -position)))
    return values


def _quality(parameters: list[str]) -> float:
    """Return the `q` parameter: 1 if it is absent, 0 if it is not a number."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
