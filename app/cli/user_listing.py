"""Lists of users: all, those that a search finds, of a group, or without a recent sign-in."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

from app.cli.listing import pages_of
from app.cli.moments import parse_moment
from app.cli.subjects import group_named
from app.errors import InvalidInputError

if TYPE_CHECKING:
    from app.models.accounts.users import User
    from app.wiring import Services

Users = AsyncIterator[Sequence["User"]]
SINCE = "--not-signed-in-since"


@dataclass(frozen=True)
class WantedUsers:
    """The users that a command lists; a value of None does not limit them."""

    search: str | None
    group: str | None
    inactive_since: datetime | None

    @classmethod
    def of(cls, search: str | None, group: str | None, since: str | None) -> Self:
        """Parse the options."""
        if search is not None and not search.strip():
            raise InvalidInputError("--search must contain a word.")
        return cls(search, group, parse_moment(since, SINCE) if since is not None else None)

    def pages(self, services: "Services") -> Users:
        if self.inactive_since is not None:
            return _inactive(services, self.inactive_since, self.group, self.search or "")
        if self.group is not None:
            return _of_group(services, self.group, self.search or "")
        if self.search is not None:
            return _found(services, self.search)
        return pages_of(
            lambda after: services.accounts.users.list_page(after=after),
            lambda user: user.username_key,
        )


async def _found(services: "Services", text: str) -> Users:
    after = None
    while page := await services.accounts.user_search.find(text, after=after):
        after = page[-1][1]
        yield [user for user, _ in page]


async def _of_group(services: "Services", name: str, text: str) -> Users:
    group = await group_named(services, name)
    async for page in pages_of(
        lambda after: services.accounts.user_search.list_of_group(
            group.group_id, text, after=after
        ),
        lambda user: user.user_id,
    ):
        yield page


async def _inactive(services: "Services", since: datetime, name: str | None, text: str) -> Users:
    group_id = (await group_named(services, name)).group_id if name is not None else None
    after = None
    while page := await services.accounts.user_search.list_inactive(
        since=since, group_id=group_id, text=text, after=after
    ):
        after = page[-1].position
        yield [each.user for each in page]
