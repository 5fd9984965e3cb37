"""Print lists of any length page by page, in constant memory."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from app.cli.base import with_services
from app.cli.output import listing
from app.cli.rows import Rows
from app.errors import InvalidInputError

if TYPE_CHECKING:
    from app.wiring import Services

Each = TypeVar("Each")
Pages = Callable[["Services"], AsyncIterator[Rows]]


async def pages_of(
    read: Callable[[str], Awaitable[Sequence[Each]]], key: Callable[[Each], str]
) -> AsyncIterator[Sequence[Each]]:
    """Read page after page; the next page starts after the `key` of the last row."""
    after = ""
    while page := await read(after):
        yield page
        after = key(page[-1])


def first_rows(pages: Pages, limit: int | None) -> Pages:
    """Return the pages up to a number of rows."""
    if limit is None:
        return pages
    if limit < 1:
        raise InvalidInputError("--limit must be at least 1.")

    async def limited(services: "Services") -> AsyncIterator[Rows]:
        remaining = limit
        async for rows in pages(services):
            yield rows[:remaining]
            remaining -= len(rows)
            if remaining <= 0:
                return

    return limited


def print_pages(pages: Pages, *, as_json: bool) -> None:
    """Print rows as they are read."""
    listed = listing(as_json=as_json)

    async def print_all(services: "Services") -> None:
        async for rows in pages(services):
            if rows:
                listed.add(rows)
        listed.end()

    with_services(print_all)
