"""View models of the console: tables, facts and links. Every page is made of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from app.models.accounts.groups import MANUAL
from app.pages.admin.navigation import url_of

Tone = Literal["", "good", "bad", "note"]


@dataclass(frozen=True, slots=True)
class Badge:
    """A state in one or two translated words."""

    text: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A translated label that leads to a page of this server.

    `is_main` is for what the page is mostly for, such as creating an object in a list.
    """

    label: str
    url: str
    is_main: bool = False
    is_danger: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A value in a table or among facts.

    `text` and `small` are data and are shown as they are stored; `words` is a translated text that
    is shown if there is no other value. `lang` is the language of `small`, if it is a text in one.
    """

    text: str = ""
    small: str = ""
    lang: str = ""
    words: str = ""
    url: str = ""
    at: datetime | None = None
    is_code: bool = False
    badges: Sequence[Badge] = ()
    links: Sequence[Link] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.text or self.small or self.words or self.at or self.badges or self.links)


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled value of an object."""

    label: str
    cell: Cell


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under translated column headings. `empty` is shown if there are no rows.

    It says what will appear there and how to begin.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    empty: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the page of an object: a table under a heading, with what can be done there."""

    heading: str
    table: Table
    links: Sequence[Link] = ()


@dataclass(frozen=True, slots=True)
class Pager:
    """Links to the first and to the next page of a list; "" if there is none."""

    first_url: str = ""
    next_url: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """A search field of a list."""

    label: str
    value: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A link that filters a list; one of them is current."""

    label: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class FilterField:
    """A field of the filter of a list, with its value; labels are translated.

    `options` are the values of a `select`, with their labels.
    """

    name: str
    label: str
    value: str
    kind: str
    maximum: int
    placeholder: str = ""
    options: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """A list with what is above and below it."""

    heading: str
    table: Table
    introduction: str = ""
    links: Sequence[Link] = ()
    search: Search | None = None
    choices: Sequence[Choice] = ()
    filter: Sequence[FilterField] = ()
    pager: Pager = field(default_factory=Pager)


@dataclass(frozen=True, slots=True)
class ObjectView:
    """The page of one object. `title` is its name, which is data."""

    title: str
    facts: Sequence[Fact] = ()
    introduction: str = ""
    parts: Sequence[Part] = ()
    badges: Sequence[Badge] = ()
    links: Sequence[Link] = ()
    back: Link | None = None


def user_cell(name: str, user_id: str) -> Cell:
    """Return a user with a link to their page."""
    return Cell(name, url=f"{url_of('users')}/{user_id}")


def owner_cell(owner: str, administrators: str) -> Cell:
    """Return who manages an object: the owner of a file, or else the word for administrators."""
    return Cell(words=administrators) if owner == MANUAL else Cell(owner)
