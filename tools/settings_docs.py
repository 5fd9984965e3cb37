"""Write `docs/settings.md` and `.env.example` from the descriptions in `app/settings/groups`.

In `docs/settings.md` only the parts between the markers are generated; edit the rest by hand.
"""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from app.settings import Settings
from app.settings.groups.base import Default, SettingsGroup

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "settings.md"
EXAMPLE = ROOT / ".env.example"

GROUPS = tuple(group for group in reversed(Settings.__bases__) if issubclass(group, SettingsGroup))
"""The groups in the order of their fields in `Settings`."""

END = "<!-- End of the generated part. -->"
COLUMNS = 100
SPACE_IN_CODE = "\u00a0"

EXAMPLE_HEAD = """\
# Every setting with its default. Copy this file to .env and uncomment what you change.
# Environment variables take precedence over .env. Durations are in seconds.
# Separate the items of a list by commas or spaces.
# Full reference: docs/settings.md
# Generated from app/settings/groups by `make docs`.
"""
EXAMPLE_TAIL = """\
# --- Only for docker compose: the PostgreSQL password; letters, digits, - and _ ---
# Required by compose.production.yml. PostgreSQL keeps the password its volume was created with.
#POSTGRES_PASSWORD=postern
"""


def main() -> None:
    DOCUMENT.write_text(document(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    EXAMPLE.write_text(example(), encoding="utf-8")


def document(text: str) -> str:
    """Return the text of `docs/settings.md` with each generated part renewed.

    Raises `ValueError` unless the text has the parts of all groups, in their order.
    """
    part = re.compile(
        rf"^(<!-- Generated [^\n]*-->)\n.*?^{re.escape(END)}$", re.MULTILINE | re.DOTALL
    )
    expected = [_begin(group) for group in GROUPS]
    if part.findall(text) != expected:
        lines = "\n".join(f"{begin}\n{END}" for begin in expected)
        raise ValueError(f"{DOCUMENT.name} must contain these lines, in this order:\n{lines}")
    groups = iter(GROUPS)
    return part.sub(lambda _: _section(next(groups)), text)


def example() -> str:
    """Return the text of `.env.example`."""
    sections = [_example_section(group) for group in GROUPS]
    return "\n".join([EXAMPLE_HEAD, *sections, EXAMPLE_TAIL])


def fields_of(group: type[SettingsGroup]) -> dict[str, FieldInfo]:
    """Return the settings of a group by the names of their environment variables."""
    return {name.upper(): field for name, field in group.model_fields.items()}


def _begin(group: type[SettingsGroup]) -> str:
    path = group.__module__.replace(".", "/")
    return f"<!-- Generated from {path}.py by `make docs`; edit it there. -->"


def _section(group: type[SettingsGroup]) -> str:
    parts = [
        _begin(group),
        f"## {group.title}",
        *([group.introduction] if group.introduction else []),
        "\n".join(["| setting | default | what it does |", "|---|---|---|", *_rows(group)]),
        END,
    ]
    return "\n\n".join(parts)


def _rows(group: type[SettingsGroup]) -> Iterator[str]:
    for name, field in fields_of(group).items():
        cells = (f"`{name}`", _default_in_words(field) or "none", _description(field))
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _description(field: FieldInfo) -> str:
    examples = "".join(f" Example: {text}." for text in _examples(field))
    return f"{field.description}{examples}"


def _examples(field: FieldInfo) -> list[str]:
    """Return the examples in Markdown: a value as code, a sentence about one as it is."""
    texts = [str(value) for value in field.examples or []]
    return [text if "`" in text else f"`{text}`" for text in texts]


def _default_in_words(field: FieldInfo) -> str:
    """Return the default value and what is to be said about it; empty if there is neither."""
    value = _default_value(field)
    code = f"`{value}`" if value else ""
    note = _note(field)
    if note is None:
        return code
    return f"{code} ({note})" if code else note


def _note(field: FieldInfo) -> str | None:
    notes = [each.text for each in field.metadata if isinstance(each, Default)]
    return notes[0] if notes else None


def _default_value(field: FieldInfo) -> str:
    """Return the default as one writes it in the environment; empty if there is none."""
    value: Any = field.default
    if value is None or value == ():
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _example_section(group: type[SettingsGroup]) -> str:
    introduction = [_comment(group.introduction)] if group.introduction else []
    settings = [
        f"{_example_comments(field)}#{name}={_default_value(field)}\n"
        for name, field in fields_of(group).items()
    ]
    return "\n".join([f"# --- {group.title} ---\n", *introduction, *settings])


def _example_comments(field: FieldInfo) -> str:
    paragraphs = [str(field.description)]
    if _note(field) is not None:
        paragraphs.append(f"Default: {_default_in_words(field)}.")
    paragraphs += [f"Example: {text}" for text in field.examples or []]
    return "".join(_comment(paragraph) for paragraph in paragraphs)


def _comment(markdown: str) -> str:
    """Return a paragraph as comment lines; code is not broken, and a link is its file."""
    text = re.sub(r"\[[^]]+\]\(([^)#]+)[^)]*\)", r"docs/\1", markdown)
    text = re.sub("`[^`]*`", lambda code: code[0].replace(" ", SPACE_IN_CODE), text)
    lines = textwrap.wrap(text, COLUMNS - 2, break_long_words=False, break_on_hyphens=False)
    return "".join(f"# {line.replace(SPACE_IN_CODE, ' ')}\n" for line in lines)


if __name__ == "__main__":
    main()
