"""Username comparison (RFC 8265 section 3.3, UsernameCaseMapped), and rules for new usernames.

The spelling that a user chose is stored for display; the key identifies the account. The rules for
new usernames are stricter than those for keys, so that every existing user can still sign in.
"""

import unicodedata
from typing import NamedTuple

from precis_i18n import get_profile

from app.security.mailboxes import typed_email_key
from app.security.scripts import is_highly_restrictive, is_inherited, scripts_of

MAXIMUM_LENGTH = 64
MAXIMUM_KEY_LENGTH = 128
_CHARACTERS = (
    "A username can contain letters, digits and punctuation, but no spaces or control characters."
)
_ONE_SCRIPT = "A username can't mix letters from different scripts."
_MARKS = "Each letter in a username can have at most one accent, and i, j and l can't have any."
_OVERLAYS = frozenset("\u0334\u0335\u0336\u0337\u0338")
_LETTERS_WITHOUT_MARKS = frozenset("ijl\u0131\u0237\u0456\u0458")
"""A mark on these is easily overlooked: i, j, l, their dotless forms and Cyrillic i and je."""
_SCRIPTS_WITH_ACCENTS = frozenset({"Latn", "Grek", "Cyrl"})
_profile = get_profile("UsernameCaseMapped")


class UsernameError(ValueError):
    """The text cannot be a username; the message is a sentence for the user."""


class NewName(NamedTuple):
    """A username as stored: its spelling for display, and its key."""

    spelling: str
    key: str


def new_name(username: str) -> NewName:
    """Return the spelling and key of a username for a new account; raises `UsernameError`."""
    spelling = spelling_of(username)
    key = key_of(spelling)
    for text in (spelling, key):
        if any(unicodedata.category(char) == "Cf" for char in text):  # U+200C and U+200D
            raise UsernameError(_CHARACTERS)
        if not is_highly_restrictive(text):
            raise UsernameError(_ONE_SCRIPT)
    if not _has_only_visible_marks(spelling):
        raise UsernameError(_MARKS)
    return NewName(spelling, key)


def problem_with(username: str) -> str | None:
    """Return why a new account cannot have a username, as a sentence; None if it can."""
    try:
        new_name(username)
    except UsernameError as error:
        return str(error)
    return None


def spelling_of(username: str) -> str:
    """Return a username without surrounding white space, in NFC."""
    return unicodedata.normalize("NFC", username[: 4 * MAXIMUM_LENGTH].strip())


def key_of(username: str) -> str:
    """Return the form in which a username is unique; raises `UsernameError`."""
    username = username.strip()
    if not 0 < len(username) <= MAXIMUM_LENGTH:
        raise UsernameError(f"A username must have 1 to {MAXIMUM_LENGTH} characters.")
    try:
        key = _profile.enforce(username)
    except UnicodeError:
        raise UsernameError(_CHARACTERS) from None
    if len(key) > MAXIMUM_KEY_LENGTH:  # some letters become three when they are normalized
        raise UsernameError(f"A username must have 1 to {MAXIMUM_LENGTH} characters.")
    return str(key)


def key_or_none(username: str) -> str | None:
    """Return the key of a username from a request, or None if no account can have that username."""
    try:
        return key_of(username)
    except UsernameError:
        return None


def account_of(username: str) -> str:
    """Return the name under which attempts are counted: the key of a username or an email address.

    A mailbox has countless spellings of its address, so attempts are counted under the form used
    for lookups. Text that can be neither is counted as it is.
    """
    key = key_or_none(username)
    return typed_email_key(key or username) or key or f"\x00{username.strip()[:MAXIMUM_KEY_LENGTH]}"


def _has_only_visible_marks(text: str) -> bool:
    """Return whether each inherited mark is the only one on its letter, and visible there.

    Vowel signs of Arabic and other scripts may be stacked: their script defines where they belong.
    """
    base, marks = "", 0
    for char in text:
        if not unicodedata.category(char).startswith("M"):
            base, marks = char, 0
            continue
        if char in _OVERLAYS:
            return False
        if not _is_accent(char):
            continue
        marks += 1
        if marks > 1 or not base.isalpha() or _plain(base) in _LETTERS_WITHOUT_MARKS:
            return False
        if char in unicodedata.normalize("NFD", base):  # the letter already has this mark
            return False
    return True


def _is_accent(mark: str) -> bool:
    scripts = scripts_of(mark)
    return is_inherited(mark) and (not scripts or not scripts.isdisjoint(_SCRIPTS_WITH_ACCENTS))


def _plain(letter: str) -> str:
    return unicodedata.normalize("NFKC", letter).lower()
