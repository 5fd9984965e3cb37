"""Sentences about authorization details, with `{placeholders}` for members of the detail.

A placeholder is the path of a member, such as `{instructedAmount.amount}`. The schema requires each
member of the path, so that a sentence is always complete.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
SHOWN = ("string", "integer", "number")
"""Types whose values can be shown, also as the items of an array."""
MAXIMUM_SHOWN = 1000
SEPARATOR = ", "


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a sentence: its own text, or a value of the detail."""

    text: str
    is_value: bool


def check_sentence(sentence: str, schema: Mapping[str, Any]) -> None:
    """Raise `ValueError` for a placeholder of which the schema does not ensure a value to show."""
    rest = PLACEHOLDER.sub("", sentence)
    if "{" in rest or "}" in rest:
        raise ValueError("has a brace that does not belong to a {placeholder}")
    for path in PLACEHOLDER.findall(sentence):
        _check_path(path, schema)


def sentence_of(sentence: str, detail: Mapping[str, Any]) -> Sequence[Part]:
    """Return a sentence with the values of a detail that the schema has accepted."""
    parts = []
    for place, text in enumerate(PLACEHOLDER.split(sentence)):
        is_value = place % 2 == 1
        shown = _shown(_value_at(text, detail)) if is_value else text
        if shown:
            parts.append(Part(shown, is_value))
    return parts


def shown_texts(sentence: str, detail: Mapping[str, Any]) -> Sequence[str]:
    """Return the values that a sentence shows of a detail."""
    return [part.text for part in sentence_of(sentence, detail) if part.is_value]


def _check_path(path: str, schema: Mapping[str, Any]) -> None:
    member: Any = schema
    for name in path.split("."):
        if name not in member.get("properties", {}):
            raise ValueError(f"has the placeholder {{{path}}}, which the schema does not know")
        if name not in member.get("required", []):
            raise ValueError(f"has the placeholder {{{path}}}: the schema has to require {name!r}")
        member = member["properties"][name]
    if member["type"] == "array":
        if not member.get("minItems"):
            raise ValueError(f"has the placeholder {{{path}}}: the array requires `minItems`")
        member = member["items"]
    if member["type"] not in SHOWN:
        raise ValueError(f"has the placeholder {{{path}}}, which is not a text or a number")


def _value_at(path: str, detail: Mapping[str, Any]) -> Any:
    value: Any = detail
    for name in path.split("."):
        value = value[name]
    return value


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return SEPARATOR.join(map(_shown, value))
    return value if isinstance(value, str) else str(value)
