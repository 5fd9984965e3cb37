"""The languages of the pages: which one a reader gets, and its texts (gettext)."""

import gettext
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from fastapi import Request

from app.pages.accept import languages

DIRECTORY = Path(__file__).parent / "translations"
DOMAIN = "postern"
DEFAULT = "en"
LANGUAGES = (DEFAULT, "de")
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


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


def direction_of(language: str) -> str:
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


@lru_cache(maxsize=len(LANGUAGES))
def translations_of(language: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, DIRECTORY, [language], fallback=True)
