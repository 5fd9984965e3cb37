"""The supported languages, and their translations (gettext)."""

import gettext
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

DIRECTORY = Path(__file__).parent / "translations"
DOMAIN = "postern"
DEFAULT = "en"
LANGUAGES = (DEFAULT, "de")
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


def direction_of(language: str) -> str:
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def first_known(tags: Iterable[str]) -> str:
    """Return the first supported language of these tags (RFC 5646), or English."""
    return first_known_or_none(tags) or DEFAULT


def first_known_or_none(tags: Iterable[str]) -> str | None:
    """Return the first supported language of these tags, or None.

    `de_DE`, the POSIX spelling, is accepted for `de-DE`.
    """
    for tag in tags:
        primary = tag.lower().replace("_", "-").partition("-")[0]
        if primary in LANGUAGES:
            return primary
    return None


@lru_cache(maxsize=len(LANGUAGES))
def translations_of(language: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, DIRECTORY, [language], fallback=True)
