"""Pages of lists, which links open by the position of the last row."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from app.pages.admin.base import ConsoleRequest
from app.pages.admin.views import Pager

Each = TypeVar("Each")

PAGE_SIZE = 50
AFTER = "after"
"""The query parameter with the position of the last row of the page before."""


def pages_of(
    request: ConsoleRequest,
    rows: Sequence[Each],
    *,
    position: Callable[[Each], Mapping[str, str]],
    keeps: Mapping[str, str] | None = None,
    size: int = PAGE_SIZE,
) -> tuple[Sequence[Each], Pager]:
    """Return the rows to show, and the links to the first and the next page.

    `rows` is one row more than a page if there is a next one. `position` returns the query
    parameters that name the row at which the next page begins, and `keeps` are those that every
    page has, such as a search.
    """
    shown, kept = rows[:size], {name: value for name, value in (keeps or {}).items() if value}
    next_url = first_url = ""
    if len(rows) > size:
        next_url = _url(request, {**kept, **position(shown[-1])})
    if any(name.startswith(AFTER) for name in request.fields):
        first_url = _url(request, kept)
    return shown, Pager(first_url, next_url)


def _url(request: ConsoleRequest, query: Mapping[str, str]) -> str:
    return f"{request.path}?{urlencode(query)}" if query else request.path
