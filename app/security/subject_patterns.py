"""Patterns of subjects, such as `repo:octo/app:ref:refs/heads/*`.

A pattern covers the whole subject. Segments end at `:` and `/`, and `*` stands for one whole
segment, which is never empty; it is not a wildcard within a segment.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

ANY_SEGMENT = "*"
MAXIMUM_SUBJECT = 500
_SEPARATOR = re.compile(r"([:/])")


def problem_with(pattern: str) -> str | None:
    """Return why a text is not a pattern, or None."""
    if not pattern.isascii() or not pattern.isprintable() or " " in pattern:
        return "must be printable ASCII without spaces"
    segments = _SEPARATOR.split(pattern)[::2]
    if any(ANY_SEGMENT in segment and segment != ANY_SEGMENT for segment in segments):
        return "must have * as a whole segment only, between : or /"
    if not any(segment not in ("", ANY_SEGMENT) for segment in segments):
        return "must have a segment that isn't *"
    return None


def is_covered(subject: str, patterns: Iterable[str]) -> bool:
    """Return whether one of the patterns covers a subject."""
    if len(subject) > MAXIMUM_SUBJECT:
        return False
    return any(_compiled(pattern).fullmatch(subject) for pattern in patterns)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (
        "[^:/]+" if part == ANY_SEGMENT else re.escape(part) for part in _SEPARATOR.split(pattern)
    )
    return re.compile("".join(parts))
