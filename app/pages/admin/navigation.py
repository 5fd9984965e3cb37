"""The navigation of the console, which is derived from the list of its pages."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Protocol

from app.i18n.messages import N_
from app.pages.support.urls import CONSOLE
from app.schemas.admin_scopes import AdminScope


class Section(StrEnum):
    """A part of the navigation. Its value is the heading."""

    OVERVIEW = N_("Overview")
    PEOPLE = N_("People")
    APPS = N_("Apps")
    SERVER = N_("Server")


class Entry(Protocol):
    """What the navigation needs to know about a page."""

    @property
    def place(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def section(self) -> Section: ...
    @property
    def scope(self) -> AdminScope: ...


@dataclass(frozen=True, slots=True)
class NavigationLink:
    label: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class NavigationSection:
    heading: str
    links: Sequence[NavigationLink]


def navigation_at(
    path: str, pages: Iterable[Entry], *, translate: Callable[[str], str]
) -> Sequence[NavigationSection]:
    """Return the links to the pages by section; the page of this path is the current one."""
    order = list(Section)
    in_order = sorted(pages, key=lambda page: order.index(page.section))
    return [
        NavigationSection(
            translate(section.value),
            [
                NavigationLink(translate(page.label), url_of(page.place), _is_at(path, page.place))
                for page in group
            ],
        )
        for section, group in groupby(in_order, key=lambda page: page.section)
    ]


def url_of(place: str) -> str:
    return f"{CONSOLE}/{place}" if place else CONSOLE


def _is_at(path: str, place: str) -> bool:
    url = url_of(place)
    return path == url or (bool(place) and path.startswith(f"{url}/"))
