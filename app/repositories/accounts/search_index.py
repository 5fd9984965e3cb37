"""The search index of users, written in the transaction that changes a user."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models.accounts.user_search import user_activity, user_search
from app.models.accounts.users import User
from app.repositories.inserts import upsert

activity = user_activity.c


async def index_new_user(connection: AsyncConnection, user: User) -> None:
    """Index a user who was just inserted, by the words in `search_words`.

    Without them, housekeeping indexes the user later.
    """
    await index_new_users(connection, [user])


async def index_new_users(connection: AsyncConnection, new_users: Sequence[User]) -> None:
    """Do as `index_new_user` for several users, at least one."""
    words = {user.user_id: (user.search_words or "").split() for user in new_users}
    await insert_words(connection, words)
    await connection.execute(
        insert(user_activity),
        [
            {
                "user_id": user.user_id,
                "last_sign_in_at": None,
                "inactive_since": user.created_at,
            }
            for user in new_users
        ],
    )


async def replace_words(connection: AsyncConnection, user_id: str, words: Sequence[str]) -> None:
    """Index a user again, whose row the caller has changed in this transaction."""
    await connection.execute(delete(user_search).where(user_search.c.user_id == user_id))
    await insert_words(connection, {user_id: words})


async def insert_words(
    connection: AsyncConnection, words_by_user: Mapping[str, Sequence[str]]
) -> None:
    rows = [
        {"word": word, "user_id": user_id}
        for user_id, words in words_by_user.items()
        for word in words
    ]
    if rows:
        await connection.execute(upsert(connection, user_search).on_conflict_do_nothing(), rows)


async def record_sign_in(connection: AsyncConnection, user_id: str, *, now: datetime) -> None:
    """Record that a user signed in, in the transaction that stores the session."""
    values = {"user_id": user_id, "last_sign_in_at": now, "inactive_since": now}
    statement = upsert(connection, user_activity).values(values)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=[activity.user_id], set_=values)
    )
