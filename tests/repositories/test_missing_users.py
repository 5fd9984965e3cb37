"""Users that a server of the release before deletes leave rows in tables it does not know."""

import pytest
from sqlalchemy import delete

from app.database.database import Database
from app.models.accounts.attributes import UserAttributes
from app.models.accounts.users import users
from app.repositories.accounts.attributes import AttributeRepository
from app.repositories.accounts.missing_users import MissingUserRepository
from app.services.accounts.missing_users import MissingUsers
from tests.repositories.conftest import NOW
from tests.repositories.people import stored_group, stored_user
from tests.support.events import new_event
from tests.support.parts import count


@pytest.mark.parametrize("limit", [1, 2, 10])
async def test_rows_of_missing_users_are_deleted_in_bounded_turns(
    database: Database, limit: int
) -> None:
    people = [await stored_user(database) for _ in range(4)]
    await stored_group(database, *people)
    for user in people:
        before = UserAttributes(user.user_id, "{}", "{}")
        after = UserAttributes(user.user_id, '{"floor": 1}', "{}")
        assert await AttributeRepository(database).replace_of_user(
            before, after, is_full=True, event=new_event()
        )
    missing = [user.user_id for user in people[:2]]
    async with database.transaction() as connection:
        await connection.execute(delete(users).where(users.c.user_id.in_(missing)))
    task = MissingUsers(MissingUserRepository(database))

    deleted = [await task.delete_due(before=NOW, limit=limit) for _ in range(8)]

    assert sum(deleted) == 2
    assert max(deleted) <= limit
    for table in ("group_members", "user_attributes"):
        assert await count(database, table) == 2, table
