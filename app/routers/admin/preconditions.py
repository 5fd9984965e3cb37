"""Entity tags, and `If-Match`, which changes of objects require (RFC 9110 section 13.1.1)."""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response

from app.details import Detail
from app.errors import PreconditionRequiredError, StaleVersionError

IF_MATCH = "If-Match"
ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


@dataclass(frozen=True, slots=True)
class Precondition:
    """The entity tags of which the object must have one; None stands for any (`*`)."""

    tags: frozenset[str] | None

    def check(self, current: str) -> None:
        """Raise `StaleVersionError` unless the object has one of the tags.

        The comparison is strong, so a weak tag never matches.
        """
        if self.tags is not None and current not in self.tags:
            raise StaleVersionError


def etag_of(version: int | str) -> str:
    return f'"{version}"'


def set_etag(response: Response, version: int | str) -> None:
    response.headers["ETag"] = etag_of(version)


async def require_if_match(request: Request) -> Precondition:
    """Return the precondition of a request; raise `PreconditionRequiredError` without one."""
    values = request.headers.getlist(IF_MATCH)
    if not values:
        raise PreconditionRequiredError(Detail.IF_MATCH_REQUIRED)
    text = ", ".join(values)
    return Precondition(None if text.strip() == "*" else frozenset(ENTITY_TAG.findall(text)))


IfMatch = Annotated[Precondition, Depends(require_if_match)]
