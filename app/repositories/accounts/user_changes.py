"""One transaction over several changes of a user."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.database.database import Database
from app.database.joined import joined_by
from app.database.lock_retries import retries_on_lock

Result = TypeVar("Result")


class UserChangeRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def together(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Do work that calls other repositories, all or nothing, and return its result.

        The work is done again if it runs into a lock.
        """
        async with self._database.transaction() as connection:
            with joined_by(connection):
                return await work()
