"""The claims of a user, stored together with what is derived from them."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from app.models.accounts.user_claims import email_key_in
from app.models.accounts.users import User, users
from app.repositories.accounts.credentials import changed_user
from app.repositories.accounts.search_index import replace_words
from app.schemas.search_words import search_words_of


async def store_claims(
    connection: AsyncConnection, owner: User, claims: str, *, now: datetime, **values: object
) -> bool:
    """Store the claims of a user, with `values` of other columns, in the caller's transaction.

    Return False if the claims changed since `owner` was read.
    """
    search_words = search_words_of(owner.username, claims)
    statement = changed_user(
        owner.user_id,
        users.c.claims == owner.claims,
        claims=claims,
        claims_updated_at=now,
        email_key=email_key_in(claims),
        search_words=search_words,
        **values,
    )
    if (await connection.execute(statement)).first() is None:
        return False
    if search_words != owner.search_words:
        await replace_words(connection, owner.user_id, search_words.split())
    return True
