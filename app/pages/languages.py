"""Which language a reader gets."""

from collections.abc import Callable

from fastapi import Request

from app.pages.accept import languages
from app.texts.languages import DEFAULT, LANGUAGES, translations_of


def language_for(request: Request) -> str:
    """By `ui_locales` (OpenID Connect Core section 3.1.2.1), else by what the browser likes."""
    asked = request.query_params.get("ui_locales", "").lower().split()
    for tag in (*asked, *languages(request.headers.get("accept-language", ""))):
        primary = tag.partition("-")[0]
        if primary in LANGUAGES:
            return primary
    return DEFAULT


def text_for(request: Request) -> Callable[[str], str]:
    """What gives a text in the reader's language."""
    return translations_of(language_for(request)).gettext
