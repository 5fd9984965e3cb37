"""The languages there are, and their texts (gettext)."""

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
    """The first of these languages (RFC 5646) that there are texts in."""
    return first_known_or_none(tags) or DEFAULT


def first_known_or_none(tags: Iterable[str]) -> str | None:
    """As above, or None; `de_DE`, the spelling of POSIX, means `de-DE`."""
    for tag in tags:
        primary = tag.lower().replace("_", "-").partition("-")[0]
        if primary in LANGUAGES:
            return primary
    return None


@lru_cache(maxsize=len(LANGUAGES))
def translations_of(language: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, DIRECTORY, [language], fallback=True)
