"""Cursors of lists: sealed positions that are valid only for the query that they continue."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request

from app.dependencies import CoreDep
from app.details import Detail
from app.errors import ConflictError
from app.schemas.admin.listing import DEFAULT_LIMIT, MAXIMUM_LIMIT
from app.security.encryption import SealError, SecretBox
from app.security.purposes import Purpose

NOT_PART_OF_QUERY = frozenset({"cursor", "limit"})
MAXIMUM_CURSOR = 2000
Row = TypeVar("Row")
Position = Sequence[str]


@dataclass(frozen=True, slots=True)
class Page:
    """The page that a request asks for: up to `limit` rows after a position, if there is one."""

    limit: int
    after: Position | None
    _box: SecretBox
    _query: str

    @property
    def size(self) -> int:
        """How many rows to read: one more than the page has tells whether there is another."""
        return self.limit + 1

    @property
    def last(self) -> str:
        """The position of a list that is ordered by one value; "" is before the first row."""
        return self.after[0] if self.after is not None else ""

    def cut(
        self, rows: Sequence[Row], position_of: Callable[[Row], str | Position]
    ) -> tuple[Sequence[Row], str | None]:
        """Return the rows of the page, of the `size` that were read, and the next cursor."""
        if len(rows) <= self.limit:
            return rows, None
        page = rows[: self.limit]
        return page, self._cursor_after(position_of(page[-1]))

    def cut_by_key(
        self, rows: Sequence[Row], key_of: Callable[[Row], str]
    ) -> tuple[Sequence[Row], str | None]:
        """Return the same as `cut` for rows that are counted by a key, which several may have."""
        keys = list(dict.fromkeys(map(key_of, rows)))
        shown, cursor = self.cut(keys, lambda key: key)
        return [row for row in rows if key_of(row) in set(shown)], cursor

    def _cursor_after(self, position: str | Position) -> str:
        parts = [position] if isinstance(position, str) else list(position)
        sealed = self._box.seal(json.dumps(parts).encode(), context=self._query)
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


async def page_of(
    request: Request,
    core: CoreDep,
    limit: Annotated[
        int, Query(ge=1, le=MAXIMUM_LIMIT, description="The most rows on a page.")
    ] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None,
        Query(
            max_length=MAXIMUM_CURSOR,
            description="`next_cursor` of the page before, with the same other parameters.",
        ),
    ] = None,
) -> Page:
    """Return the page that a request asks for; raise `ConflictError` for the cursor of another."""
    box, query = core.box(Purpose.PAGE_CURSORS), _query_of(request)
    after = _opened(cursor, box, query) if cursor is not None else None
    return Page(limit, after, box, query)


PageDep = Annotated[Page, Depends(page_of)]


def _query_of(request: Request) -> str:
    """Return what a cursor is bound to: the list, its filter and its order."""
    parameters = sorted(
        each for each in request.query_params.multi_items() if each[0] not in NOT_PART_OF_QUERY
    )
    return json.dumps([request.url.path, parameters])


def _opened(cursor: str, box: SecretBox, query: str) -> Position:
    try:
        sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        position: Any = json.loads(box.open(sealed, context=query))
    except (binascii.Error, SealError, ValueError):
        raise ConflictError(Detail.CURSOR_INVALID) from None
    return [str(each) for each in position]
