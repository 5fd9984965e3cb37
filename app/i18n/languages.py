"""The supported languages, and their translations (gettext)."""

import gettext
import io
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from app.i18n.catalogues import compiled

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
    """Return the translations into a language; none for English, which the code is written in.

    A wheel contains a compiled catalogue. A checkout does not, and the first call compiles the
    source in a few milliseconds; so it does if the compiled catalogue is older than the source.
    """
    directory = DIRECTORY / language / "LC_MESSAGES"
    source, built = directory / f"{DOMAIN}.po", directory / f"{DOMAIN}.mo"
    if built.exists() and not (source.exists() and _is_older(built, source)):
        return gettext.GNUTranslations(io.BytesIO(built.read_bytes()))
    if source.exists():
        return gettext.GNUTranslations(io.BytesIO(compiled(source.read_text(encoding="utf-8"))))
    return gettext.NullTranslations()


def _is_older(file: Path, other: Path) -> bool:
    return file.stat().st_mtime_ns < other.stat().st_mtime_ns
