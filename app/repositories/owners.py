"""The lock of a person's row, for what is his only while he is who he was."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models.users import User, users


async def lock_owner(connection: AsyncConnection, owner: User) -> bool:
    """False where the person is gone, or got other credentials since he was read.

    Until the commit nobody changes or deletes him.
    """
    found = await connection.scalar(
        select(users.c.user_id)
        .where(
            users.c.user_id == owner.user_id,
            users.c.credentials_version == owner.credentials_version,
        )
        .with_for_update()
    )
    return found is not None


async def lock_user(connection: AsyncConnection, user_id: str) -> bool:
    """As `lock_owner`, whatever credentials the user has."""
    found = await connection.scalar(
        select(users.c.user_id).where(users.c.user_id == user_id).with_for_update()
    )
    return found is not None
