"""Locks on the document of a client, for rows that must not outlive it."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models.clients.client_documents import client_documents

document = client_documents.c


async def lock_document(connection: AsyncConnection, client_id: str) -> bool:
    """Lock the document of a client; return False if it is not stored.

    Until the commit, no other transaction can delete it. It can be changed, and locked as here.
    """
    locked_id = await connection.scalar(
        select(document.client_id)
        .where(document.client_id == client_id)
        .with_for_update(read=True, key_share=True)
    )
    return locked_id is not None
