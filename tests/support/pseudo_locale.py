"""A pseudo-locale: each message in marks, so that a text outside of them is not translatable."""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po

from app.i18n import languages

PSEUDO = "qps"
"""The language of the pseudo-locale; BCP 47 reserves the tag for private use."""
BEGIN, END = "⟦", "⟧"
SHOWN_ATTRIBUTES = (
    *("alt", "title", "aria-label", "placeholder"),
    *("data-other", "data-other-label", "data-cancelled", "data-known", "data-failed"),
)
"""Attributes whose values users see or hear; scripts show those that begin with `data-`."""
NOT_PROSE = {"script", "style", "code", "time"}
VOID = {"br", "img", "input", "link", "meta"}
AROUND = " \n\t·:\N{EN DASH}-,."
URL = re.compile(r"(https?|mailto):\S+")


def marked(message: str) -> str:
    return f"{BEGIN}{message}{END}"


@contextmanager
def pseudo_locale(directory: Path) -> Iterator[None]:
    """Give the application a translation into the pseudo-locale, as a catalogue in `directory`."""
    with (languages.DIRECTORY / f"{languages.DOMAIN}.pot").open("rb") as file:
        catalogue = read_po(file)
    catalogue.fuzzy = False
    for message in catalogue:
        if message.pluralizable:
            message.string = tuple(marked(text) for text in message.id)
        elif message.id:
            message.string = marked(str(message.id))
    path = directory / PSEUDO / "LC_MESSAGES"
    path.mkdir(parents=True)
    with (path / f"{languages.DOMAIN}.po").open("wb") as file:
        write_po(file, catalogue)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(languages, "DIRECTORY", directory)
        patch.setattr(languages, "LANGUAGES", (*languages.LANGUAGES, PSEUDO))
        languages.translations_of.cache_clear()
        yield
    languages.translations_of.cache_clear()


def unmarked_in_page(html: str, *, known: Collection[str] = ()) -> list[str]:
    """Return the texts of a page that are outside of marks.

    `known` are texts that are not translated, such as the data of users.
    """
    reader = _PageReader()
    reader.feed(html)
    reader.close()
    return _without(reader.unmarked, known)


def unmarked_in_text(text: str, *, known: Collection[str] = ()) -> list[str]:
    """Return the lines of a text that are outside of marks, except those of `known`."""
    marks = _Marks()
    return _without([line for part in marks.outside(text) for line in part.splitlines()], known)


def _without(texts: Collection[str], known: Collection[str]) -> list[str]:
    allowed = {text.strip(AROUND) for text in known}
    stripped = [text.strip(AROUND) for text in texts]
    return [
        text
        for text in stripped
        if re.search(r"[^\W\d_]", text) and text not in allowed and not URL.fullmatch(text)
    ]


class _Marks:
    """Reads a text in pieces, as a translated message may contain elements."""

    def __init__(self) -> None:
        self._depth = 0

    def outside(self, text: str) -> Iterator[str]:
        """Yield the parts of a text that are outside of marks."""
        for part in re.split(f"([{BEGIN}{END}])", text):
            if part in (BEGIN, END):
                self._depth += 1 if part == BEGIN else -1
                assert self._depth >= 0, f"a message ends that has not begun: {text}"
            elif not self._depth:
                yield part


class _PageReader(HTMLParser):
    """Collects the texts outside of marks, without what is hidden from everybody or not prose."""

    def __init__(self) -> None:
        super().__init__()
        self.unmarked: list[str] = []
        self._marks = _Marks()
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        for name in SHOWN_ATTRIBUTES:
            self.unmarked += _Marks().outside(attributes.get(name) or "")
        if tag not in VOID:
            is_prose = tag not in NOT_PROSE and attributes.get("aria-hidden") != "true"
            self._open.append((tag, is_prose))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag, f"an element is not closed before </{tag}>"

    def handle_data(self, data: str) -> None:
        if all(is_prose for _, is_prose in self._open):
            self.unmarked += self._marks.outside(data)
