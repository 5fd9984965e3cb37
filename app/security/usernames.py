"""When two user names are the same one (RFC 8265 section 3.3, UsernameCaseMapped).

The spelling that a person chose is kept for display; the key decides who is who.
"""

import unicodedata
from functools import lru_cache

from precis_i18n import get_profile

MAXIMUM_LENGTH = 64
MAXIMUM_KEY_LENGTH = 128
_SCRIPTS_WRITTEN_TOGETHER = (
    frozenset({"CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"CJK", "HANGUL"}),
    frozenset({"CJK", "BOPOMOFO"}),
)
_profile = get_profile("UsernameCaseMapped")


class UsernameError(ValueError):
    """The text cannot be a user name; the message is a sentence for the person."""


def key_of(username: str) -> str:
    """The form by which a name is unique; raises `UsernameError`."""
    if not 0 < len(username) <= MAXIMUM_LENGTH:
        raise UsernameError(f"A user name has 1 to {MAXIMUM_LENGTH} characters.")
    try:
        key = _profile.enforce(username)
    except UnicodeError:
        raise UsernameError(
            "A user name has letters, digits and punctuation, and no spaces or control characters."
        ) from None
    if len(key) > MAXIMUM_KEY_LENGTH:  # some letters become three when they are normalized
        raise UsernameError(f"A user name has 1 to {MAXIMUM_LENGTH} characters.")
    if _mixes_scripts(key):
        raise UsernameError("The letters of a user name belong to one script.")
    return str(key)


def key_or_none(username: str) -> str | None:
    """The key of a name that somebody sent; None where no account can have that name."""
    try:
        return key_of(username)
    except UsernameError:
        return None


def account_of(username: str) -> str:
    """The name by which tries are counted; what cannot be a user name is one of its own."""
    return key_or_none(username) or f"\x00{username[:MAXIMUM_KEY_LENGTH]}"


def _mixes_scripts(text: str) -> bool:
    """Latin beside Cyrillic is how one name is made to look like another (UTS 39 section 5)."""
    if text.isascii():
        return False
    scripts = {script for script in map(_script_of, text) if script is not None}
    return len(scripts) > 1 and not any(scripts <= group for group in _SCRIPTS_WRITTEN_TOGETHER)


@lru_cache(maxsize=4096)
def _script_of(char: str) -> str | None:
    """The script of a letter: the first word of its Unicode name. None for digits and signs."""
    if not unicodedata.category(char).startswith("L"):
        return None
    script = unicodedata.name(char, "UNNAMED").split()[0].split("-")[0]
    return "CJK" if script == "IDEOGRAPHIC" else script
