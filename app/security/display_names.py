"""Names of clients as users read them: every character can be seen, and none moves the others."""

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex

HIDDEN = (
    r"[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}"
    r"\p{Noncharacter_Code_Point}\u2800\ufff9-\ufffb]"
)
"""Control characters, those that change the direction of text, and those that show nothing."""
EMOJI = r"\p{Extended_Pictographic}\p{Emoji_Modifier}"
ALLOWED = "|".join(
    (
        r"(?<=[\p{L}\p{M}])[\u200c\u200d](?=\p{L})",
        rf"(?<=[{EMOJI}\ufe0f])[\u200c\u200d](?=\p{{Extended_Pictographic}})",
        rf"(?<=[{EMOJI}])[\ufe0e\ufe0f]",
        r"(?<=[0-9#*])\ufe0f(?=\u20e3)",
    )
)
"""Joiners between letters, as Persian and the scripts of India need them, and inside emoji."""
MARKS = r"^\p{M}|\p{Mn}{5}"
"""Marks on the text before the name, or in a pile that covers other lines (UTS 39 section 5.4)."""
VISIBLE = r"[\p{L}\p{N}\p{P}\p{S}]"


def problem_with(name: str) -> str | None:
    """Return what is wrong with a name, in words that follow the member's name; None if nothing
    is."""
    if name.isascii():
        if not name.isprintable():
            return "must not hold control characters"
        return None if name.strip() else "must have a visible character"
    hidden, marks, visible = _patterns()
    if hidden.search(name):
        return "must not hold control characters, invisible ones, or ones that turn text around"
    if marks.search(name):
        return "must not begin with a combining mark, or pile up more than four"
    return None if visible.search(name) else "must have a visible character"


@lru_cache(maxsize=1)
def _patterns() -> "tuple[regex.Pattern[str], ...]":
    import regex  # late: a megabyte, and rarely needed

    return (
        regex.compile(rf"(?!{ALLOWED}){HIDDEN}"),
        regex.compile(MARKS),
        regex.compile(VISIBLE),
    )
