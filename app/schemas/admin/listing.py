"""Pages of a list."""

from pydantic import BaseModel, Field

DEFAULT_LIMIT = 50
MAXIMUM_LIMIT = 200


class Listing(BaseModel):
    """One page of a list; its `items` have the type of the list."""

    next_cursor: str | None = Field(
        description="The cursor of the next page; null on the last one. It is valid only for the"
        " same query, apart from `limit`."
    )
