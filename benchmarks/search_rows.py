"""Users as an administrator searches for them: names, addresses, groups and last sign-ins."""

import json
import random
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table

from app.database import postgresql
from app.database.postgresql_hosts import Hosts
from app.database.types import Instant, _to_text
from app.models.accounts.groups import group_members, groups
from app.models.accounts.user_search import user_activity, user_search
from app.models.accounts.users import users
from app.schemas.search_words import search_words_of

NOW = datetime(2026, 11, 1, tzinfo=UTC)
GROUPS = (2, 10, 1000)
"""Each group has one user in this many as a member."""
ONSETS = ("b", "br", "d", "f", "gr", "h", "j", "k", "l", "m", "n", "p", "r", "s", "st", "t", "w")
VOWELS = ("a", "e", "i", "o", "u", "ei")
GIVEN, FAMILY = 800, 8000
"""How many different names there are. The first ones are more frequent."""
Row = Mapping[str, Any]


def group_id(number: int) -> str:
    return f"{number:032x}"


def user_id(number: int) -> str:
    return f"{number * 2_654_435_761 % 2**32:08x}{number:024x}"


def names(how_many: int, seed: int) -> Sequence[str]:
    """Return names of two or three syllables, the same ones for the same seed."""
    source, found = random.Random(seed), dict[str, None]()
    while len(found) < how_many:
        syllables = [
            source.choice(ONSETS) + source.choice(VOWELS) for _ in range(source.choice((2, 3, 3)))
        ]
        found["".join(syllables).title()] = None
    return list(found)


def rows(how_many: int) -> Iterator[tuple[Table, Sequence[Row]]]:
    """Yield the rows of each table."""
    yield groups, [_group(number) for number in GROUPS]
    given, family, source = names(GIVEN, 1), names(FAMILY, 2), random.Random(3)
    people = [
        _user(number, _often(source, given), _often(source, family)) for number in range(how_many)
    ]
    yield users, people
    yield (
        user_search,
        [
            {"word": word, "user_id": person["user_id"]}
            for person in people
            for word in str(person["search_words"]).split()
        ],
    )
    yield user_activity, [_activity(person["user_id"], source) for person in people]
    yield (
        group_members,
        [
            {
                "group_id": group_id(number),
                "user_id": person["user_id"],
                "source": "manual",
                "added_at": NOW,
            }
            for number in GROUPS
            for person in people[::number]
        ],
    )


def _often(source: random.Random, values: Sequence[str]) -> str:
    """Return a value; those at the beginning come more often."""
    return values[int(len(values) * source.random() ** 2)]


def _group(number: int) -> Row:
    return {
        "group_id": group_id(number),
        "name": f"one in {number}",
        "name_key": f"one in {number}",
        "description": "",
        "attributes": "{}",
        "owner": "manual",
        "version": 1,
        "created_at": NOW,
    }


def _user(number: int, given: str, family: str) -> Row:
    username = f"{given[0]}{family}{number}".lower()
    claims = json.dumps(
        {
            "name": f"{given} {family}",
            "given_name": given,
            "family_name": family,
            "email": f"{given}.{family}{number}@example.com".lower(),
        }
    )
    return {
        "user_id": user_id(number),
        "username": username,
        "username_key": username,
        "password_hash": "!",
        "credentials_version": "v",
        "created_at": NOW - timedelta(days=900),
        "claims": claims,
        "pairwise_salt": number.to_bytes(32, "big"),
        "otp_drift": 0,
        "search_words": search_words_of(username, claims),
    }


def _activity(of_user: str, source: random.Random) -> Row:
    last = NOW - timedelta(minutes=source.randrange(700 * 1440))
    return {"user_id": of_user, "last_sign_in_at": last, "inactive_since": last}


async def fill(url: str, how_many: int) -> None:
    """Store this many users, with what a search reads of them."""
    if url.startswith("sqlite"):
        _fill_sqlite(url.removeprefix("sqlite:///"), how_many)
        return
    connection = await postgresql.connect(Hosts(url), timeout=600)
    try:
        for table, values in rows(how_many):
            columns = list(values[0])
            await connection.copy_records_to_table(
                table.name,
                records=[tuple(row[name] for name in columns) for row in values],
                columns=columns,
            )
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


def _fill_sqlite(path: str, how_many: int) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    for table, values in rows(how_many):
        columns = list(values[0])
        instants = {name for name in columns if isinstance(table.c[name].type, Instant)}
        marks = ", ".join("?" * len(columns))
        connection.executemany(
            f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})",
            (
                [_to_text(row[name]) if name in instants else row[name] for name in columns]
                for row in values
            ),
        )
    connection.commit()
    connection.close()
