"""Locks on a user's row, for changes that require that the user still exists or is unchanged."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models.accounts.users import User, users


async def lock_owner(connection: AsyncConnection, owner: User) -> bool:
    """Lock a user's row; return False if the user was deleted or their credentials changed.

    Until the commit, no other transaction can change or delete the user.
    """
    locked_id = await connection.scalar(
        select(users.c.user_id)
        .where(
            users.c.user_id == owner.user_id,
            users.c.credentials_version == owner.credentials_version,
        )
        .with_for_update()
    )
    return locked_id is not None


async def lock_user(connection: AsyncConnection, user_id: str) -> bool:
    """Lock a user's row, whatever their credentials; return False if the user was deleted."""
    locked_id = await connection.scalar(
        select(users.c.user_id).where(users.c.user_id == user_id).with_for_update()
    )
    return locked_id is not None
