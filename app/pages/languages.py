"""Which language a reader gets.

A client's `ui_locales` (OpenID Connect Core section 3.1.2.1) is honoured on every page of the
interaction: links and forms carry the language that was chosen from it.
"""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from fastapi import Request

from app.pages.accept import languages
from app.texts.languages import DEFAULT, first_known_or_none, translations_of

UI_LOCALES = "ui_locales"
_OF_INTERACTION = "postern.ui_locales"


def language_for(request: Request) -> str:
    """By `ui_locales`, else by what the browser likes."""
    liked = languages(request.headers.get("accept-language", ""))
    return asked_language(request) or first_known_or_none(liked) or DEFAULT


def text_for(request: Request) -> Callable[[str], str]:
    """What gives a text in the reader's language."""
    return translations_of(language_for(request)).gettext


def asked_language(request: Request) -> str | None:
    """Return the language that `ui_locales` asks for, or None if it names none of ours."""
    asked = request.query_params.get(UI_LOCALES) or request.scope.get(_OF_INTERACTION) or ""
    return first_known_or_none(asked.split())


def remember_ui_locales(request: Request, ui_locales: str | None) -> None:
    """Let a request speak the language of its interaction, unless its own query says another."""
    if ui_locales and not asked_language(request):
        request.scope[_OF_INTERACTION] = ui_locales


def language_fields(given: Mapping[str, str]) -> dict[str, str]:
    """Return the `ui_locales` that a query or a form asks for, to be carried along."""
    language = first_known_or_none(given.get(UI_LOCALES, "").split())
    return {UI_LOCALES: language} if language is not None else {}


def in_language(request: Request, path: str) -> str:
    """Return a path of ours with the `ui_locales` of this request."""
    language = asked_language(request)
    if language is None or f"{UI_LOCALES}=" in path:
        return path
    return f"{path}{'&' if '?' in path else '?'}{urlencode({UI_LOCALES: language})}"
