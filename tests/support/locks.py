"""Somebody else who holds the database, so that writes wait."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

TABLES = "users, clients, token_families, access_tokens, refresh_tokens, leases"


class Hold:
    """What keeps writers waiting, until `release()`."""

    def __init__(self, holder: "sqlite3.Connection | asyncpg.Connection") -> None:
        self._holder = holder
        self.released = asyncio.Event()

    async def release(self) -> None:
        if self.released.is_set():
            return
        self.released.set()
        if isinstance(self._holder, sqlite3.Connection):
            self._holder.execute("ROLLBACK")
        else:
            await self._holder.execute("ROLLBACK")


@asynccontextmanager
async def writes_blocked(url: str) -> AsyncIterator[Hold]:
    """Another connection holds the lock that every write needs. Reads go on."""
    if url.startswith("sqlite"):
        holder = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
    else:
        holder = await asyncpg.connect(url)
        await holder.execute(f"BEGIN; LOCK TABLE {TABLES} IN EXCLUSIVE MODE")
    hold = Hold(holder)
    try:
        yield hold
    finally:
        await hold.release()
        closing = holder.close()
        if closing is not None:
            await closing
