"""Searching for users, and keeping the index complete."""

from collections.abc import Sequence
from datetime import datetime

from app.clock import Clock
from app.models.accounts.users import User
from app.repositories.accounts.user_search import InactiveUser, Position, UserSearchRepository
from app.schemas.search_words import split_words


class UserSearch:
    def __init__(self, user_search_repository: UserSearchRepository, clock: Clock) -> None:
        self._user_search_repository = user_search_repository
        self._clock = clock

    async def find(
        self, text: str, *, after: Position | None = None, limit: int = 100
    ) -> Sequence[tuple[User, Position]]:
        """Return users of whom each word of a text begins the username, the email address or a
        word of the name, in any case."""
        prefixes = sorted(split_words([text]), key=len, reverse=True)
        if not prefixes:
            return []
        return await self._user_search_repository.list_by_prefixes(
            prefixes, after=after, limit=limit
        )

    async def list_of_group(
        self, group_id: str, text: str = "", *, after: str = "", limit: int = 100
    ) -> Sequence[User]:
        """Return the members of a group that `find` would return for a text, ordered by id."""
        prefixes = sorted(split_words([text]), key=len, reverse=True)
        return await self._user_search_repository.list_of_group(
            group_id, prefixes, after=after, limit=limit
        )

    async def list_inactive(
        self, *, since: datetime, after: InactiveUser | None = None, limit: int = 100
    ) -> Sequence[InactiveUser]:
        """Return users without a sign-in since an instant, the longest inactive first."""
        return await self._user_search_repository.list_inactive(
            since=since, after=after, limit=limit
        )

    async def index_due(self, *, before: datetime, limit: int) -> int:
        """Index users whom a release without the index has stored; a task of housekeeping."""
        del before  # there is no age at which users are indexed
        return await self._user_search_repository.index_due(now=self._clock.now(), limit=limit)
