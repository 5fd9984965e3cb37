"""Finding users by the beginnings of words, by group, and by inactivity."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.database.database import Database
from app.models.accounts.sessions import Session
from app.models.accounts.user_search import UserActivity
from app.models.accounts.users import User
from app.repositories.accounts import user_search
from app.repositories.accounts.sessions import SessionRepository
from app.repositories.accounts.user_search import InactiveUser, UserSearchRepository
from app.repositories.accounts.users import UserRepository
from app.schemas.search_words import search_words_of
from tests.repositories.conftest import NOW
from tests.repositories.people import stored_group, stored_user
from tests.support.events import new_event
from tests.support.parts import count


async def activity_of(search: UserSearchRepository, user: User) -> UserActivity | None:
    return next(iter(await search.list_activities([user.user_id])), None)


async def person(database: Database, username: str, **claims: str) -> User:
    stored = json.dumps(claims)
    return await stored_user(
        database,
        username=username,
        claims=stored,
        search_words=search_words_of(username, stored),
    )


async def names(database: Database, *prefixes: str) -> list[str]:
    found = await UserSearchRepository(database).list_by_prefixes(prefixes)
    return [user.username for user, _ in found]


async def test_a_user_is_found_by_username_email_and_each_word_of_the_name(
    database: Database,
) -> None:
    await person(database, "Ada", email="countess@example.com", name="Augusta Ada King-Noel")
    await person(database, "grace", name="Grace Brewster Hopper")

    assert await names(database, "ada") == ["Ada"]  # once, though two words begin so
    assert await names(database, "count") == ["Ada"]
    assert await names(database, "king-") == ["Ada"]
    assert await names(database, "hop", "gra") == ["grace"]
    assert await names(database, "hop", "ada") == []
    assert await names(database, "da") == []


async def test_letters_of_every_script_are_found_by_code_point(database: Database) -> None:
    """Whatever the collation of the database"""
    await person(database, "Čapek", name="Ωmega straße")
    await person(database, "capek")

    assert await names(database, "čap") == ["Čapek"]
    assert await names(database, "cap") == ["capek"]
    assert await names(database, "ωm") == ["Čapek"]
    assert await names(database, "strasse") == ["Čapek"]


async def test_pages_continue_after_the_last_row_without_gaps_or_repetitions(
    database: Database,
) -> None:
    search = UserSearchRepository(database)
    for number in range(7):
        await person(database, f"user{number}", name=f"User{number} Same")
    found: list[str] = []
    after = None

    while page := await search.list_by_prefixes(["us"], after=after, limit=3):
        found += [user.username for user, _ in page]
        after = page[-1][1]

    assert found == [f"user{number}" for number in range(7)]
    same, position = (await search.list_by_prefixes(["same"], limit=1))[0]
    rest = await search.list_by_prefixes(["same"], after=position)
    assert len(rest) == 6
    assert same not in [user for user, _ in rest]


async def test_a_change_of_the_claims_changes_the_words(database: Database) -> None:
    user, users = await person(database, "ada", name="Ada Byron"), UserRepository(database)

    changed = json.dumps({"name": "Ada Lovelace"})
    assert await users.replace_claims(user, changed, is_full=True, now=NOW, event=new_event())

    assert await names(database, "byron") == []
    assert await names(database, "lovelace") == ["ada"]
    current = await users.find(user.user_id)
    assert current is not None
    assert current.search_words == "ada lovelace"


async def test_members_of_a_group_are_found_by_prefix(database: Database) -> None:
    ada, bob = await person(database, "ada"), await person(database, "bob")
    await person(database, "adam")
    group = await stored_group(database, ada, bob)
    search = UserSearchRepository(database)

    everybody = await search.list_of_group(group.group_id)
    found = await search.list_of_group(group.group_id, ["ad"])

    assert {user.user_id for user in everybody} == {ada.user_id, bob.user_id}
    assert [user.username for user in found] == ["ada"]
    assert await search.list_of_group(group.group_id, after=everybody[-1].user_id) == []


async def test_users_of_another_release_are_indexed_later(database: Database) -> None:
    for number in range(3):
        await stored_user(
            database, username=f"old{number}", claims='{"name": "Old Man"}', search_words=None
        )
    search = UserSearchRepository(database)

    assert await names(database, "old") == []
    assert [await search.index_due(now=NOW, limit=2) for _ in range(3)] == [2, 1, 0]

    assert sorted(await names(database, "man")) == ["old0", "old1", "old2"]
    assert await count(database, "user_activity") == 3


async def test_users_without_a_recent_sign_in_are_listed_the_longest_inactive_first(
    database: Database,
) -> None:
    sessions, search = SessionRepository(database), UserSearchRepository(database)
    active, lazy, never = [await person(database, name) for name in ("active", "lazy", "never")]
    for user, days in ((active, 20), (lazy, 5)):
        await sessions.add(session_of(user, days), event=new_event())

    since = NOW + timedelta(days=10)
    listed = await search.list_inactive(since=since)
    first = await search.list_inactive(since=since, limit=1)
    rest = await search.list_inactive(since=since, after=first[0].position)

    assert [each.user.username for each in listed] == ["never", "lazy"]
    assert [*first, *rest] == listed
    assert listed[1] == InactiveUser(listed[1].user, NOW + timedelta(days=5))
    of_lazy, of_never = [await activity_of(search, each) for each in (lazy, never)]
    assert of_lazy is not None
    assert of_never is not None
    assert of_lazy.last_sign_in_at == NOW + timedelta(days=5)
    assert of_never.last_sign_in_at is None


@pytest.mark.parametrize("few", [0, 2_000])
async def test_inactive_users_and_members_are_found_by_rare_and_by_common_words(
    database: Database, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(user_search, "FEW", few)
    people = {
        name: await person(database, name, name=words)
        for name, words in (("ada", "Ada Byron"), ("adam", "Adam Smith"), ("bob", "Bob Byron"))
    }
    group = await stored_group(database, people["ada"], people["bob"])
    search = UserSearchRepository(database)

    async def inactive(*prefixes: str, group_id: str | None = None) -> set[str]:
        found = await search.list_inactive(
            since=NOW + timedelta(days=1), prefixes=prefixes, group_id=group_id
        )
        return {each.user.username for each in found}

    assert await inactive("by") == {"ada", "bob"}
    assert await inactive("ad", "by") == {"ada"}
    assert await inactive("ad", group_id=group.group_id) == {"ada"}
    assert await inactive("smith", "by") == set()
    members = await search.list_of_group(group.group_id, ["by", "bo"])
    assert [each.username for each in members] == ["bob"]


async def test_signing_in_again_in_the_same_session_is_recorded(database: Database) -> None:
    sessions, user = SessionRepository(database), await person(database, "ada")
    first, again = session_of(user, 1), session_of(user, 2)
    await sessions.add(first, event=new_event())

    assert await sessions.renew(again, event=new_event())
    assert not await sessions.renew(session_of(user, 3, session_id="other"), event=new_event())

    activity = await activity_of(UserSearchRepository(database), user)
    assert activity is not None
    assert activity.last_sign_in_at == NOW + timedelta(days=2)


async def test_a_prefix_search_uses_the_index_on_postgresql(database: Database) -> None:
    if database.backend.name != "postgresql":
        return
    rows = await database.fetch_all(
        text("SELECT collation_name FROM information_schema.columns WHERE column_name = 'word'")
    )
    assert {row[0] for row in rows} == {"C"}  # users and clients


def session_of(user: User, days: int, session_id: str = "session") -> Session:
    at = NOW + timedelta(days=days)
    return Session(
        session_id=f"{session_id}-{user.user_id[:10]}",
        digest=f"{days} {user.user_id}".encode(),
        user_id=user.user_id,
        credentials_version=user.credentials_version,
        auth_time=at,
        acr="",
        amr="pwd",
        user_agent="",
        address="",
        created_at=at,
        last_seen_at=at,
        expires_at=at + timedelta(hours=12),
        ended_at=None,
    )
