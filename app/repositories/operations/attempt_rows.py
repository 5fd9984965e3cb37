"""One lookup for what an attempt to sign in depends on: rate-limit counts and known networks."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import BigInteger, literal_column, select, union_all

from app.database.database import Database
from app.database.lookups import Lookup
from app.models.accounts.known_networks import known_addresses
from app.models.operations.limit_counters import limit_counters
from app.security.limit_counts import CountRow

counter, known = limit_counters.c, known_addresses.c
NONE = literal_column("0", BigInteger)


AttemptLookup = Lookup[CountRow]
"""Finds rows of both tables, with the columns of `limit_counters`; both have digests as keys."""


def attempt_lookup(database: Database) -> AttemptLookup:
    """Return the lookup; keys that are requested concurrently share one round trip."""
    rows = union_all(
        select(
            counter.key,
            counter.window,
            counter.current,
            counter.previous,
            counter.strikes,
            counter.blocked_until,
            counter.expires_at,
        ),
        select(known.digest, NONE, NONE, NONE, NONE, NONE, known.expires_at),
    ).subquery("attempt_rows")
    row = rows.c
    return database.lookup(
        select(
            row.window,
            row.current,
            row.previous,
            row.strikes,
            row.blocked_until,
            row.expires_at,
        ),
        key=row.key,
        value=CountRow,
    )


async def find_rows(lookup: AttemptLookup, keys: Sequence[bytes]) -> dict[bytes, CountRow]:
    """Return the existing rows by key. All keys are looked up concurrently."""
    rows = await asyncio.gather(*(lookup(key) for key in keys))
    return {key: row for key, row in zip(keys, rows, strict=True) if row is not None}
