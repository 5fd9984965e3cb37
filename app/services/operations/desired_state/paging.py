"""Reading every page of a list."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


async def every(read: Callable[[Item | None], Awaitable[Sequence[Item]]]) -> list[Item]:
    """Return the items of all pages; `read` returns the page after an item, or the first."""
    items: list[Item] = []
    while page := await read(items[-1] if items else None):
        items += page
    return items
