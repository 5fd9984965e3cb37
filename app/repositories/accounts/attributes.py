"""Queries about typed attributes: their definitions, and the values of users."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update

from app.database.constraints import unique
from app.database.database import Database
from app.database.errors import ConflictingRowError
from app.database.lock_retries import retries_on_lock
from app.models.accounts.attributes import (
    AttributeDefinition,
    UserAttributes,
    attribute_definitions,
    user_attributes,
)
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.administrators import require_may_change_user
from app.repositories.accounts.owners import lock_user
from app.repositories.inserts import upsert, values_in
from app.repositories.operations.audit_outbox import change_with_event, write_events

definition, values = attribute_definitions.c, user_attributes.c
NAME = unique(definition.name)


class AttributeRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def add(self, new: AttributeDefinition, *, event: NewEvent) -> bool:
        """Store a definition; return False if its name is taken."""
        row = values_in(attribute_definitions, new)
        try:
            async with self._database.transaction(NAME) as connection:
                await connection.execute(insert(attribute_definitions).values(row))
                await write_events(connection, event)
        except ConflictingRowError:
            return False
        return True

    async def change(
        self, before: AttributeDefinition, after: AttributeDefinition, *, event: NewEvent
    ) -> bool:
        """Replace `before` with `after`; return False if it was changed or deleted meanwhile."""
        row = {**values_in(attribute_definitions, after), "version": before.version + 1}
        statement = (
            update(attribute_definitions)
            .where(definition.name == before.name, definition.version == before.version)
            .values(row)
            .returning(definition.name)
        )
        return bool(await change_with_event(self._database, statement, event))

    async def delete(self, before: AttributeDefinition, *, event: NewEvent) -> bool:
        """Delete a definition; return False if it was changed or deleted meanwhile.

        Its values stay where they are, and no claim contains them any more.
        """
        statement = (
            delete(attribute_definitions)
            .where(definition.name == before.name, definition.version == before.version)
            .returning(definition.name)
        )
        return bool(await change_with_event(self._database, statement, event))

    async def list_all(self) -> Sequence[AttributeDefinition]:
        """Return all definitions, by name."""
        return await self._database.find_all(
            select(attribute_definitions).order_by(definition.name),
            value=AttributeDefinition,
        )

    async def find_of_user(self, user_id: str) -> UserAttributes:
        """Return the values of a user's attributes, which are empty if none was ever set."""
        row: Any = await self._database.fetch_one(
            select(user_attributes).where(values.user_id == user_id)
        )
        return UserAttributes(*row) if row is not None else UserAttributes(user_id, "{}", "{}")

    async def list_of_users(self, user_ids: Sequence[str]) -> Sequence[UserAttributes]:
        """Return the values of those of the users who have any."""
        return await self._database.find_all(
            select(user_attributes).where(values.user_id.in_(user_ids)), value=UserAttributes
        )

    @retries_on_lock
    async def replace_of_user(
        self, before: UserAttributes, after: UserAttributes, *, is_full: bool, event: NewEvent
    ) -> bool:
        """Store the values of a user.

        Return False if the user was deleted, or the values changed since `before` was read.
        `is_full` says that the caller is a full administrator, or the user.
        """
        row = values_in(user_attributes, after)
        async with self._database.transaction() as connection:
            if not await lock_user(connection, before.user_id):
                return False
            await require_may_change_user(connection, before.user_id, is_full=is_full)
            stored = await connection.execute(
                select(user_attributes).where(values.user_id == before.user_id)
            )
            current = stored.first()
            if current is not None and UserAttributes(*current) != before:
                return False
            await connection.execute(
                upsert(connection, user_attributes)
                .values(row)
                .on_conflict_do_update(index_elements=[values.user_id], set_=row)
            )
            await write_events(connection, event)
        return True
