"""Compile gettext catalogues: a `.po` file to what `gettext` reads, the content of a `.mo` file.

Used by the server where no `.mo` file was built, and by `hatch_build.py` for wheels. It imports
only the standard library, because a wheel is built without Postern's dependencies.
"""

import re
import struct
from collections.abc import Iterator, Mapping

MAGIC = 0x950412DE
HEADER = struct.Struct("<7I")
ENTRY = struct.Struct("<II")
_FIELD = re.compile(r'(msgid_plural|msgid|msgstr(?:\[\d+\])?)? ?"((?:[^"\\]|\\[nrt"\\])*)"')
_ESCAPED = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def compiled(po: str) -> bytes:
    """Return the content of the `.mo` file for a `.po` file.

    Untranslated, fuzzy and obsolete messages are left out. Raises `ValueError` for a line that is
    not understood, such as one with a context (`msgctxt`), which Postern does not use.
    """
    return _packed(dict(_messages(po)))


def _messages(po: str) -> Iterator[tuple[str, str]]:
    """Yield each translated message; the forms of a plural are separated by NUL."""
    for block in re.split(r"\n\s*\n", po):
        lines = [line.strip() for line in block.splitlines() if line.strip()]
        flags = {
            flag.strip() for line in lines if line.startswith("#,") for flag in line.split(",")
        }
        fields = _fields(line for line in lines if not line.startswith("#"))
        if not fields or "fuzzy" in flags:
            continue
        ids = [fields.pop(name) for name in ("msgid", "msgid_plural") if name in fields]
        translations = list(fields.values())
        if ids and all(translations):
            yield "\0".join(ids), "\0".join(translations)


def _fields(lines: Iterator[str]) -> dict[str, str]:
    """Return the fields of one message, their strings joined and unescaped."""
    fields: dict[str, str] = {}
    name = ""
    for line in lines:
        match = _FIELD.fullmatch(line)
        if match is None or (match[1] is None and not name) or match[1] in fields:
            raise ValueError(f"not a line of a catalogue: {line}")
        name = match[1] or name
        fields[name] = fields.get(name, "") + _unescaped(match[2])
    return fields


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPED.sub(lambda match: _ESCAPES.get(match[1], match[1]), text)


def _packed(messages: Mapping[str, str]) -> bytes:
    """Return the sorted messages in the binary format of GNU gettext."""
    ordered = sorted((key.encode(), text.encode()) for key, text in messages.items())
    count = len(ordered)
    tables, strings = bytearray(), bytearray()
    begin = HEADER.size + 2 * count * ENTRY.size
    for column in (0, 1):
        for entry in ordered:
            tables += ENTRY.pack(len(entry[column]), begin + len(strings))
            strings += entry[column] + b"\0"
    of_translations = HEADER.size + count * ENTRY.size
    header = HEADER.pack(MAGIC, 0, count, HEADER.size, of_translations, 0, begin)
    return header + tables + strings
