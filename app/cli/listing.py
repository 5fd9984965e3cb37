"""Print lists of any length page by page, in constant memory."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from app.cli.base import cell, with_services

if TYPE_CHECKING:
    from app.wiring import Services

Each = TypeVar("Each")
Row = dict[str, Any]
Rows = Sequence[Row]


async def pages_of(
    read: Callable[[str], Awaitable[Sequence[Each]]], key: Callable[[Each], str]
) -> AsyncIterator[Sequence[Each]]:
    """Read page after page; the next page starts after the `key` of the last row."""
    after = ""
    while page := await read(after):
        yield page
        after = key(page[-1])


def print_pages(pages: Callable[["Services"], AsyncIterator[Rows]], *, as_json: bool) -> None:
    """Print rows as they are read, as a JSON array or as a table."""
    listing = _Json() if as_json else _Table()

    async def print_all(services: "Services") -> None:
        async for rows in pages(services):
            if rows:
                listing.add(rows)
        listing.end()

    with_services(print_all)


class _Json:
    def __init__(self) -> None:
        self._is_empty = True

    def add(self, rows: Rows) -> None:
        for row in rows:
            print("[" if self._is_empty else ",")
            lines = json.dumps(row, indent=2).splitlines()
            print("\n".join(f"  {line}" for line in lines), end="")
            self._is_empty = False

    def end(self) -> None:
        print("[]" if self._is_empty else "\n]")


class _Table:
    """A table whose columns fit the first page; a later page may widen them."""

    def __init__(self) -> None:
        self._widths: list[int] = []

    def add(self, rows: Rows) -> None:
        lines = [[cell(value) for value in row.values()] for row in rows]
        if not self._widths:
            self._widths = [0] * len(rows[0])
            lines.insert(0, list(rows[0]))
        self._widths = [
            max(width, *(len(line[column]) for line in lines))
            for column, width in enumerate(self._widths)
        ]
        for line in lines:
            padded = (text.ljust(width) for text, width in zip(line, self._widths, strict=True))
            print("  ".join(padded).rstrip())

    def end(self) -> None:
        if not self._widths:
            print("none")
