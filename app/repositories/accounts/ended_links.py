"""Ended links between users and external identities, noted in the transaction of the change."""

import hashlib
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models.federation.ended_links import ended_links
from app.models.federation.identity_providers import upstream_identities
from app.repositories.inserts import upsert

identity = upstream_identities.c


async def note_ended_links(
    connection: AsyncConnection, *which: ColumnElement[bool], now: datetime
) -> None:
    """Note the links that the caller deletes next."""
    result = await connection.execute(select(identity.issuer, identity.subject).where(*which))
    digests = sorted({digest_of_identity(issuer, subject) for issuer, subject in result.all()})
    if digests:
        await connection.execute(
            upsert(connection, ended_links).on_conflict_do_nothing(),
            [{"digest": digest, "ended_at": now} for digest in digests],
        )


def digest_of_identity(issuer: str, subject: str) -> bytes:
    """Return the digest of an external identity. An issuer is a URL, so it has no space."""
    return hashlib.sha256(f"{issuer} {subject}".encode()).digest()
