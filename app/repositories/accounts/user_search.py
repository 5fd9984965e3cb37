"""Searching for users, and indexing those that another release wrote."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    exists,
    func,
    literal,
    select,
    tuple_,
    update,
)

from app.database.database import Database
from app.database.types import Instant
from app.models.accounts.groups import group_members
from app.models.accounts.user_search import UserActivity, user_activity, user_search
from app.models.accounts.users import User, users
from app.repositories.accounts.search_index import insert_words
from app.repositories.inserts import upsert
from app.schemas.search_words import end_of_prefix, search_words_of

activity, found, member, user = user_activity.c, user_search.c, group_members.c, users.c
other = user_search.alias("other")

MAXIMUM_PREFIXES = 5
FEW = 2_000
"""Users of one word that are found by the word; more of them are met soon in any other order."""


class Position(NamedTuple):
    """The last row of a page: the value by which the list is ordered, and the user."""

    value: str
    user_id: str


class InactivePosition(NamedTuple):
    """The last row of a page of inactive users."""

    inactive_since: datetime
    user_id: str


class InactiveUser(NamedTuple):
    """A user, with the time since which there was no sign-in."""

    user: User
    inactive_since: datetime

    @property
    def position(self) -> InactivePosition:
        return InactivePosition(self.inactive_since, self.user.user_id)


class UserSearchRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_by_prefixes(
        self, prefixes: Sequence[str], *, after: Position | None = None, limit: int = 100
    ) -> Sequence[tuple[User, Position]]:
        """Return users of whom each prefix begins a word, ordered by the word of the first one."""
        first, *further = [*prefixes][:MAXIMUM_PREFIXES]
        is_earlier = exists().where(
            other.c.user_id == found.user_id, other.c.word >= first, other.c.word < found.word
        )  # a user is listed once
        query = _page(
            select(user_search.c.word, users)
            .join(users, user.user_id == found.user_id)
            .where(*_begins(found.word, first), ~is_earlier, *map(_has_word, further)),
            (found.word, found.user_id),
            after,
            limit,
        )
        rows: Sequence[Any] = await self._database.fetch_all(query)
        return [(person := User(*row[1:]), Position(row.word, person.user_id)) for row in rows]

    async def list_of_group(
        self, group_id: str, prefixes: Sequence[str] = (), *, after: str = "", limit: int = 100
    ) -> Sequence[User]:
        """Return the members of a group of whom each prefix begins a word, ordered by id."""
        has_words = await self._have_words(member.user_id, prefixes)
        page = (
            select(member.user_id)
            .where(member.group_id == group_id, member.user_id > after, *has_words)
            .group_by(member.user_id)
            .order_by(member.user_id)
            .limit(limit)
        )
        return await self._database.find_all(
            select(users).where(user.user_id.in_(page)).order_by(user.user_id),
            value=User,
        )

    async def list_inactive(
        self,
        *,
        since: datetime,
        group_id: str | None = None,
        prefixes: Sequence[str] = (),
        after: InactivePosition | None = None,
        limit: int = 100,
    ) -> Sequence[InactiveUser]:
        """Return users without a sign-in since an instant, the longest inactive first.

        They can be limited to members of a group, and to users of whom each prefix begins a word.
        """
        has_words = await self._have_words(activity.user_id, prefixes)
        query = (
            select(users, activity.inactive_since)
            .join(user_activity, activity.user_id == user.user_id)
            .where(activity.inactive_since < since, *has_words)
            .order_by(activity.inactive_since, activity.user_id)
            .limit(limit)
        )
        if group_id is not None:
            is_member = (member.group_id == group_id, member.user_id == activity.user_id)
            query = query.where(exists().where(*is_member))
        if after is not None:
            position = tuple_(literal(after.inactive_since, Instant()), after.user_id)
            query = query.where(tuple_(activity.inactive_since, activity.user_id) > position)
        rows: Sequence[Any] = await self._database.fetch_all(query)
        return [InactiveUser(User(*row[:-1]), row[-1]) for row in rows]

    async def _have_words(
        self, user_id: ColumnElement[str], prefixes: Sequence[str]
    ) -> list[ColumnElement[bool]]:
        """Return conditions on users of whom each prefix begins a word.

        The first one that few users have is a list, with which a database can begin.
        """
        conditions: list[ColumnElement[bool]] = []
        is_list = False
        for prefix in [*prefixes][:MAXIMUM_PREFIXES]:
            if not is_list and await self._have_few(prefix):
                conditions.append(user_id.in_(_users_of(prefix)))
                is_list = True
            else:
                conditions.append(_has_word(prefix, of=user_id))
        return conditions

    async def _have_few(self, prefix: str) -> bool:
        first = _users_of(prefix).limit(FEW + 1).subquery()
        row = await self._database.fetch_one(select(func.count()).select_from(first))
        return row is not None and row[0] <= FEW

    async def list_activities(self, user_ids: Sequence[str]) -> Sequence[UserActivity]:
        """Return when these users last signed in."""
        return await self._database.find_all(
            select(user_activity).where(activity.user_id.in_(user_ids)), value=UserActivity
        )

    async def index_due(self, *, now: datetime, limit: int) -> int:
        """Index users whom a release without the index has stored, and return how many.

        A user whose row is locked is indexed later.
        """
        async with self._database.transaction() as connection:
            rows = await connection.execute(
                select(user.user_id, user.username, user.claims)
                .where(user.search_words.is_(None), user.user_id > "")  # the latter for the index
                .order_by(user.user_id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            words = {row.user_id: search_words_of(row.username, row.claims) for row in rows.all()}
            if not words:
                return 0
            await insert_words(
                connection, {user_id: text.split() for user_id, text in words.items()}
            )
            await connection.execute(
                upsert(connection, user_activity).on_conflict_do_nothing(),
                [
                    {"user_id": user_id, "last_sign_in_at": None, "inactive_since": now}
                    for user_id in words
                ],
            )
            await connection.execute(
                update(users)
                .where(user.user_id == bindparam("of_user"))
                .values(search_words=bindparam("text")),
                [{"of_user": user_id, "text": text} for user_id, text in words.items()],
            )
        return len(words)


def _begins(word: ColumnElement[str], prefix: str) -> tuple[ColumnElement[bool], ...]:
    return (word >= prefix, word < end_of_prefix(prefix))


def _users_of(prefix: str) -> Select[tuple[str]]:
    return select(other.c.user_id).where(*_begins(other.c.word, prefix))


def _has_word(prefix: str, *, of: ColumnElement[str] = found.user_id) -> ColumnElement[bool]:
    return exists().where(other.c.user_id == of, *_begins(other.c.word, prefix))


def _page(
    query: Select[Any], order: tuple[Any, ...], after: Position | None, limit: int
) -> Select[Any]:
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    return query.order_by(*order).limit(limit)
