"""Counts of a server's waits for its database: round trips, or work in SQLite's threads."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aiosqlite
import pytest

from app.database.sqlite import SqliteThread

ENCRYPTION_REQUEST = 80_877_103
LENGTH_BYTES = 4
"""Size of a message's length, which includes itself."""
PING = "SELECT 1"
PREPARE = "prepare "
ENDS_OF_A_TRIP = b"QSH"
"""Simple query, Sync and Flush: after each of them the driver waits for the response."""


class RoundTrips:
    """`statements` has one list of statements per round trip since `forget`."""

    def __init__(self) -> None:
        self.statements: list[list[str]] = []
        self.connections = 0
        """Connections opened by the server so far."""
        self.look_ups: list[tuple[str, bytes]] = []
        """Every SELECT since `forget`, with its parameters as sent."""
        self._names: dict[bytes, str] = {}
        self._current: list[str] = []

    def forget(self) -> None:
        self.statements.clear()
        self.look_ups.clear()

    def repeated(self) -> list[str]:
        """Return the queries that were repeated with the same parameters."""
        return [query for (query, _), count in Counter(self.look_ups).items() if count > 1]

    def __len__(self) -> int:
        """Return the number of round trips, apart from two kinds that depend on the connection: a
        statement that is prepared on it for the first time, and the ping after a pause."""
        return sum(
            trip != [PING] and not "".join(trip[:1]).startswith(PREPARE) for trip in self.statements
        )

    def __str__(self) -> str:
        return "\n".join("; ".join(trip) for trip in self.statements)

    def read(self, kind: bytes, body: bytes) -> None:
        """Read one protocol message (PostgreSQL 18, section 54.7)."""
        if kind == b"Q":
            self._current.append(body[:-1].decode())
        elif kind == b"P":
            name, query, _ = body.split(b"\0", 2)
            self._names[name] = query.decode()
            self._current.append(f"{PREPARE}{query.decode()}")
        elif kind == b"B":
            _, name, parameters = body.split(b"\0", 2)
            statement = self._names.get(name, "?")
            self._current.append(statement)
            if statement.lstrip("( ").upper().startswith("SELECT"):
                self.look_ups.append((statement, parameters))
        if kind in ENDS_OF_A_TRIP:
            self.statements.append(self._current)
            self._current = []


class _Messages:
    """A parser of a client's bytes into messages; the first messages have no type byte."""

    def __init__(self, trips: RoundTrips) -> None:
        self._trips = trips
        self._data = b""
        self._has_started = False

    def feed(self, data: bytes) -> None:
        self._data += data
        while True:
            start = 1 if self._has_started else 0
            end_of_length = start + LENGTH_BYTES
            if len(self._data) < end_of_length:
                return
            length = int.from_bytes(self._data[start:end_of_length], "big")
            if len(self._data) < start + length:
                return
            kind, body = self._data[:start], self._data[end_of_length : start + length]
            self._data = self._data[start + length :]
            if self._has_started:
                self._trips.read(kind, body)
            else:
                self._has_started = int.from_bytes(body[:4], "big") != ENCRYPTION_REQUEST


@asynccontextmanager
async def counting_proxy(url: str) -> AsyncIterator[tuple[RoundTrips, str]]:
    """Count between a server and PostgreSQL; yield the counts and the URL of the proxy."""
    parts = urlsplit(url)
    trips = RoundTrips()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        trips.connections += 1
        from_server, to_server = await asyncio.open_connection(parts.hostname, parts.port or 5432)
        messages = _Messages(trips)

        async def answer() -> None:
            while data := await from_server.read(65_536):
                writer.write(data)
            writer.close()

        response_task = asyncio.create_task(answer())
        while data := await reader.read(65_536):
            messages.feed(data)
            to_server.write(data)
        to_server.close()
        await response_task

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    proxy_url = urlunsplit((parts.scheme, f"{user}127.0.0.1:{port}", parts.path, parts.query, ""))
    try:
        yield trips, proxy_url
    finally:
        server.close()


@contextmanager
def counting_threads() -> Iterator[RoundTrips]:
    """Count SQLite's work in threads, without lookups made on the event loop."""
    trips = RoundTrips()
    run, execute = SqliteThread.run, aiosqlite.Connection._execute

    async def counted_run(self: SqliteThread, work: Any) -> Any:
        trips.statements.append([work.__qualname__])
        return await run(self, work)

    async def counted_execute(self: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
        trips.statements.append([str(args[0]) if args else function.__name__])
        return await execute(self, function, *args, **kwargs)  # type: ignore[no-untyped-call]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqliteThread, "run", counted_run)
        patch.setattr(aiosqlite.Connection, "_execute", counted_execute)
        yield trips
