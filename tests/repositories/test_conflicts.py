"""Which refusal of a database is a conflict: that of a unique constraint a repository named."""

import pytest
from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint, insert, text

from app.database.constraints import Unique, unique
from app.database.database import Database
from app.database.errors import ConflictingRowError, RefusedRowError, UnstorableValueError
from app.models.accounts.users import User, users
from app.models.clients.clients import clients
from app.models.tables import metadata
from app.repositories.accounts.users import USERNAME, UserRepository
from app.repositories.inserts import values_in
from tests.repositories.conftest import new_user, samples
from tests.support.events import new_event
from tests.support.parts import open_database

USER_ID = unique(users.c.user_id)
SECRET = "a-hash-that-stays-out-of-every-log"


async def store(database: Database, user: User, *expected: Unique) -> None:
    await database.change(insert(users).values(values_in(users, user)), *expected)


async def test_a_taken_username_raises_a_conflict_with_its_constraint(database: Database) -> None:
    first = new_user(username_key="alice")
    await store(database, first)

    with pytest.raises(ConflictingRowError) as refused:
        await store(database, new_user(username_key="alice"), USER_ID, USERNAME)

    assert refused.value.constraint == USERNAME


async def test_an_unexpected_constraint_is_not_reported_as_a_conflict(database: Database) -> None:
    first = new_user()
    await store(database, first)

    with pytest.raises(RefusedRowError):
        await store(database, new_user(user_id=first.user_id), USERNAME)


async def test_a_required_column_of_a_newer_release_is_not_reported_as_a_conflict(
    database: Database,
) -> None:
    """SECURITY_BAR rows 10 (faults) and 13: no value of the row is in the message."""
    await add_required_column(database)

    with pytest.raises(RefusedRowError) as refused:
        await UserRepository(database).add(
            new_user(password_hash=SECRET), is_full=True, event=new_event()
        )

    assert "required" in str(refused.value)
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


async def test_a_value_that_cannot_be_stored_is_not_reported_as_a_conflict(
    database: Database,
) -> None:
    """SECURITY_BAR row 44"""
    with pytest.raises(UnstorableValueError) as refused:
        await store(database, new_user(username=f"{SECRET} \ud800"), USERNAME)

    assert SECRET not in str(refused.value)


async def test_unique_constraints_have_the_same_names_in_models_and_postgresql(
    postgresql_url: str,
) -> None:
    statement = text(
        "SELECT relname, conname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid"
        " WHERE contype IN ('u', 'p') AND connamespace = 'public'\\:\\:regnamespace"
    )
    async with open_database(postgresql_url) as database:
        rows = await database.fetch_all(statement)

    for name, table in metadata.tables.items():
        named = {str(each.name) for each in table.constraints if is_unique(each)}
        assert {row[1] for row in rows if row[0] == name} == named


async def test_each_unique_constraint_is_recognised_from_the_database_error(
    database: Database,
) -> None:
    for table, column in ((users, users.c.username_key), (clients, clients.c.unique_name)):
        expected = unique(column)
        first, second = samples(table), samples(table)
        await database.change(insert(table).values(first))

        with pytest.raises(ConflictingRowError) as refused:
            await database.change(
                insert(table).values({**second, column.name: first[column.name]}), expected
            )

        assert refused.value.constraint == expected


def is_unique(constraint: object) -> bool:
    return isinstance(constraint, UniqueConstraint | PrimaryKeyConstraint)


async def add_required_column(database: Database) -> None:
    """What the migration of a newer release may do to the release before."""
    statement = "ALTER TABLE users ADD COLUMN required VARCHAR(8) NOT NULL"
    if database.backend.name == "sqlite":  # which adds no such column, but rebuilds the table
        statement = "ALTER TABLE users ADD COLUMN required VARCHAR(8) CHECK (required IS NOT NULL)"
    async with database.backend.engines.writer.begin() as connection:
        await connection.execute(text(statement))
