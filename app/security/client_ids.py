"""Client identifiers that are chosen, not created here."""

import re

_CHARACTERS = re.compile(r"[A-Za-z0-9._~-]{1,128}")
_SUBJECT = re.compile(r"[0-9A-Fa-f]{32}|[A-Za-z0-9_-]{43}")
"""The forms of public and of pairwise subjects, with which a client must not be confused
(RFC 9068 section 5)."""


def problem_with(client_id: str) -> str | None:
    """Return why a client cannot have an identifier, phrased to follow its name; None if it can."""
    if not _CHARACTERS.fullmatch(client_id):
        return "must have 1 to 128 letters, digits, full stops, underscores, tildes and hyphens"
    if _SUBJECT.fullmatch(client_id):
        return "must not have the form of the subject of a user"
    return None
