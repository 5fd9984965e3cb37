"""Searching for users, and keeping the index complete."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from app.clock import Clock
from app.models.accounts.users import User
from app.repositories.accounts.user_search import (
    InactivePosition,
    InactiveUser,
    Position,
    UserSearchRepository,
)
from app.schemas.search_words import split_words
from app.security.text import is_storable


class UserSearch:
    """Searches. Text with control characters finds nothing, since no name contains any."""

    def __init__(self, user_search_repository: UserSearchRepository, clock: Clock) -> None:
        self._user_search_repository = user_search_repository
        self._clock = clock

    async def find(
        self, text: str, *, after: Position | None = None, limit: int = 100
    ) -> Sequence[tuple[User, Position]]:
        """Return users of whom each word of a text begins the username, the email address or a
        word of the name, in any case."""
        prefixes = _prefixes_in(text)
        if not prefixes or not is_storable(text):
            return []
        return await self._user_search_repository.list_by_prefixes(
            prefixes, after=after, limit=limit
        )

    async def list_of_group(
        self, group_id: str, text: str = "", *, after: str = "", limit: int = 100
    ) -> Sequence[User]:
        """Return the members of a group that `find` would return for a text, ordered by id."""
        if not is_storable(text):
            return []
        return await self._user_search_repository.list_of_group(
            group_id, _prefixes_in(text), after=after, limit=limit
        )

    async def list_inactive(
        self,
        *,
        since: datetime,
        group_id: str | None = None,
        text: str = "",
        after: InactivePosition | None = None,
        limit: int = 100,
    ) -> Sequence[InactiveUser]:
        """Return users without a sign-in since an instant, the longest inactive first.

        Those are members of a group, if it is given, whom `find` would return for a text.
        """
        if not is_storable(text):
            return []
        return await self._user_search_repository.list_inactive(
            since=since,
            group_id=group_id,
            prefixes=_prefixes_in(text),
            after=after,
            limit=limit,
        )

    async def last_sign_ins(self, user_ids: Collection[str]) -> Mapping[str, datetime]:
        """Return when users last signed in; those who have not are left out."""
        activities = await self._user_search_repository.list_activities(sorted(user_ids))
        return {
            each.user_id: each.last_sign_in_at
            for each in activities
            if each.last_sign_in_at is not None
        }

    async def index_due(self, *, before: datetime, limit: int) -> int:
        """Index users whom a release without the index has stored; a task of housekeeping."""
        del before  # there is no age at which users are indexed
        return await self._user_search_repository.index_due(now=self._clock.now(), limit=limit)


def _prefixes_in(text: str) -> Sequence[str]:
    """Return the words of a search, the longest first, since it selects the fewest users."""
    return sorted(split_words([text]), key=len, reverse=True)
