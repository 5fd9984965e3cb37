"""Database locks held by another session, so that writes wait."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from app.models.tables import metadata


class Hold:
    """A lock that blocks writers until `release()`."""

    def __init__(self, end: Callable[[], Awaitable[Any]]) -> None:
        self._end = end
        self.released = asyncio.Event()

    async def release(self) -> None:
        if not self.released.is_set():
            self.released.set()
            await self._end()


@asynccontextmanager
async def writes_blocked(url: str) -> AsyncIterator[Hold]:
    """Hold the lock that every write needs in another connection. Reads are not blocked."""
    hold = await _on_sqlite(url) if url.startswith("sqlite") else await _on_postgresql(url)
    try:
        yield hold
    finally:
        await hold.release()


@asynccontextmanager
async def audit_head_locked(url: str) -> AsyncIterator[Hold]:
    """Lock the head of the audit log in another session; on SQLite, the whole file."""
    if url.startswith("sqlite"):
        hold = await _on_sqlite(url)
    else:
        hold = await _held(url, "BEGIN; SELECT 1 FROM audit_head FOR UPDATE")
    try:
        yield hold
    finally:
        await hold.release()


@asynccontextmanager
async def holding(url: str, statement: str, *arguments: object) -> AsyncIterator[None]:
    """Hold what this statement locks in another PostgreSQL session."""
    holder = await asyncpg.connect(url)
    try:
        await holder.execute("BEGIN")
        await holder.execute(statement, *arguments)
        yield
    finally:
        await holder.close()


async def _on_sqlite(url: str) -> Hold:
    """Wait for the lock without blocking the loop: a transaction of the same loop may hold it."""
    holder = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=0)
    while not holder.in_transaction:
        try:
            holder.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            await asyncio.sleep(0.005)

    async def end() -> None:
        holder.execute("ROLLBACK")
        holder.close()

    return Hold(end)


async def _on_postgresql(url: str) -> Hold:
    tables = ", ".join(table.name for table in metadata.sorted_tables)
    return await _held(url, f"BEGIN; LOCK TABLE {tables} IN EXCLUSIVE MODE")


async def _held(url: str, statement: str) -> Hold:
    holder = await asyncpg.connect(url)
    try:
        await holder.execute(statement)
    except BaseException:
        holder.terminate()
        raise
    return Hold(holder.close)
