"""Validation of client names for display: visible characters only, and no control of the layout."""

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex

HIDDEN = (
    r"[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}"
    r"\p{Noncharacter_Code_Point}\u2800\ufff9-\ufffb]"
)
"""Control characters, characters that change the text direction, and invisible characters."""
EMOJI = r"\p{Extended_Pictographic}\p{Emoji_Modifier}"
ALLOWED = "|".join(
    (
        r"(?<=[\p{L}\p{M}])[\u200c\u200d](?=\p{L})",
        rf"(?<=[{EMOJI}\ufe0f])[\u200c\u200d](?=\p{{Extended_Pictographic}})",
        rf"(?<=[{EMOJI}])[\ufe0e\ufe0f]",
        r"(?<=[0-9#*])\ufe0f(?=\u20e3)",
    )
)
"""Joiners between letters, as Persian and Indic scripts need them, and inside emoji."""
MARKS = r"^\p{M}|\p{Mn}{5}"
"""Marks on the text before the name, or stacked over other lines (UTS 39 section 5.4)."""
VISIBLE = r"[\p{L}\p{N}\p{P}\p{S}]"


def problem_with(name: str) -> str | None:
    """Return what is wrong with a name, phrased to follow the member's name, or None if it is
    valid."""
    if name.isascii():
        if not name.isprintable():
            return "must not contain control characters"
        return None if name.strip() else "must have a visible character"
    hidden, marks, visible = _patterns()
    if hidden.search(name):
        return (
            "must not contain control characters, invisible characters, or characters that "
            "change the text direction"
        )
    if marks.search(name):
        return "must not begin with a combining mark, or stack more than four"
    return None if visible.search(name) else "must have a visible character"


@lru_cache(maxsize=1)
def _patterns() -> "tuple[regex.Pattern[str], ...]":
    import regex  # imported late: takes a megabyte and is rarely needed

    return (
        regex.compile(rf"(?!{ALLOWED}){HIDDEN}"),
        regex.compile(MARKS),
        regex.compile(VISIBLE),
    )
