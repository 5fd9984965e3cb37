"""When two usernames are the same one (RFC 8265 section 3.3, UsernameCaseMapped), and what a new
one may hold.

The spelling that a user chose is stored for display; the key identifies the account. The rules for
new names are stricter than those of keys, so that everybody who exists can still sign in.
"""

import unicodedata
from typing import NamedTuple

from precis_i18n import get_profile

from app.security.mailboxes import typed_email_key
from app.security.scripts import is_highly_restrictive, is_inherited, scripts_of

MAXIMUM_LENGTH = 64
MAXIMUM_KEY_LENGTH = 128
_CHARACTERS = (
    "A user name has letters, digits and punctuation, and no spaces or control characters."
)
_ONE_SCRIPT = "Don't mix letters of different scripts in a user name."
_MARKS = "A letter of a user name has at most one accent, and i, j and l have none."
_OVERLAYS = frozenset("\u0334\u0335\u0336\u0337\u0338")
_LETTERS_WITHOUT_MARKS = frozenset("ijl\u0131\u0237\u0456\u0458")
"""A mark on these is easily overlooked: i, j, l, their dotless forms and Cyrillic i and je."""
_SCRIPTS_WITH_ACCENTS = frozenset({"Latn", "Grek", "Cyrl"})
_profile = get_profile("UsernameCaseMapped")


class UsernameError(ValueError):
    """The text cannot be a user name; the message is a sentence for the person."""


class NewName(NamedTuple):
    """A username as it is stored: its spelling for display, and its key."""

    spelling: str
    key: str


def new_name(username: str) -> NewName:
    """Return a username that may be given to a new account; raises `UsernameError`."""
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
    """Return why a new account could not have a username, in a sentence; None if it could."""
    try:
        new_name(username)
    except UsernameError as error:
        return str(error)
    return None


def spelling_of(username: str) -> str:
    """Return a username without white space around it, in NFC."""
    return unicodedata.normalize("NFC", username[: 4 * MAXIMUM_LENGTH].strip())


def key_of(username: str) -> str:
    """The form by which a name is unique; raises `UsernameError`."""
    username = username.strip()
    if not 0 < len(username) <= MAXIMUM_LENGTH:
        raise UsernameError(f"A user name has 1 to {MAXIMUM_LENGTH} characters.")
    try:
        key = _profile.enforce(username)
    except UnicodeError:
        raise UsernameError(_CHARACTERS) from None
    if len(key) > MAXIMUM_KEY_LENGTH:  # some letters become three when they are normalized
        raise UsernameError(f"A user name has 1 to {MAXIMUM_LENGTH} characters.")
    return str(key)


def key_or_none(username: str) -> str | None:
    """The key of a name that somebody sent; None where no account can have that name."""
    try:
        return key_of(username)
    except UsernameError:
        return None


def account_of(username: str) -> str:
    """Return the name by which attempts are counted: the key of a username, or of an address.

    An address has countless spellings for one mailbox, so it is counted in the form by which it
    is looked up. What can be neither is counted as it is.
    """
    key = key_or_none(username)
    return typed_email_key(key or username) or key or f"\x00{username.strip()[:MAXIMUM_KEY_LENGTH]}"


def _has_only_visible_marks(text: str) -> bool:
    """Return whether each inherited mark stands alone on a letter that shows it.

    Vowel signs of Arabic and other scripts may be stacked: their script says where they belong.
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
        if char in unicodedata.normalize("NFD", base):  # twice the same
            return False
    return True


def _is_accent(mark: str) -> bool:
    scripts = scripts_of(mark)
    return is_inherited(mark) and (not scripts or not scripts.isdisjoint(_SCRIPTS_WITH_ACCENTS))


def _plain(letter: str) -> str:
    return unicodedata.normalize("NFKC", letter).lower()
