"""PostgreSQL: connections of their own for the batches, and libpq's URL parameters."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

from app.database.claims import CompiledClaim
from app.database.errors import is_lost_connection, is_refusal, translate
from app.database.postgresql_hosts import Hosts
from app.database.statements import (
    CompiledLookup,
    CompiledOutcome,
    CompiledStatement,
    Found,
    Values,
    Written,
)
from app.observability.logging import logger

if TYPE_CHECKING:
    from asyncpg import Connection

Result = TypeVar("Result")

log = logger(__name__)

GOODBYE_SECONDS = 2.0

# Parameters of libpq and of poolers, which asyncpg would send to the server as settings.
_ONLY_FOR_LIBPQ = frozenset(
    {
        "channel_binding", "client_encoding", "connect_timeout", "fallback_application_name",
        "gssencmode", "keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval",
        "load_balance_hosts", "pgbouncer", "require_auth", "sslcompression", "sslsni",
        "tcp_user_timeout",
    }
)  # fmt: skip


# libpq takes any character in a user or a password; asyncpg needs all but these encoded.
_AS_THEY_ARE = ":%!$&'()*+,;=-._~"


def driver_url(url: str) -> str:
    """The URL as asyncpg reads it, which understands `sslmode`, several hosts and the like."""
    address, _, query = url.partition("://")[2].partition("?")
    user, at, host = address.rpartition("@")
    kept = [
        (name, value)
        for name, value in parse_qsl(query, keep_blank_values=True)
        if name not in _ONLY_FOR_LIBPQ
    ]
    user = quote(user, safe=_AS_THEY_ARE)
    return f"postgresql://{user}{at}{host}" + (f"?{urlencode(kept)}" if kept else "")


# The plan of a look-up by key is kept. Made while a table was small and not yet analysed, it would
# scan whole tables, and go on to while they grow. The right one is always the same: from the table
# with the key, by its index, to the others in the order in which the query joins them.
FOR_BATCHES = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "join_collapse_limit": "1",
    "jit": "off",
}


class Pooler(StrEnum):
    """What a pooler between us and PostgreSQL may do with a connection."""

    SESSION = "session"
    """A connection keeps its session, as it does without a pooler."""
    TRANSACTION = "transaction"
    """Each transaction may run on another connection: nothing of a session lasts."""


def time_limits(timeout: float) -> dict[str, str]:
    """The settings by which nothing waits for longer than `timeout` seconds."""
    milliseconds = str(int(timeout * 1000))
    return {
        "statement_timeout": milliseconds,
        "lock_timeout": milliseconds,
        "idle_in_transaction_session_timeout": str(int(timeout * 4000)),
    }


def set_local(settings: Mapping[str, str]) -> str:
    """Return one statement that sets these until the transaction ends."""
    calls = (f"set_config('{name}', '{value}', true)" for name, value in settings.items())
    return f"SELECT {', '.join(calls)}"


async def connect(
    hosts: Hosts,
    *,
    timeout: float,
    settings: Mapping[str, str] | None = None,
    pooler: Pooler = Pooler.SESSION,
) -> "Connection[Any]":
    """Opens a connection on which nothing waits for longer than `timeout` seconds.

    A pooler refuses a connection that sends settings at its start, so they follow. Where it gives
    each transaction another connection, none is set, and no statement is prepared by a name; then
    no plan is kept either, so the settings for plans are not needed.
    """
    if pooler is Pooler.TRANSACTION:
        return await hosts.connect(
            timeout=timeout, command_timeout=timeout + 1, statement_cache_size=0
        )
    connection = await hosts.connect(
        timeout=timeout,
        command_timeout=timeout + 1,
        server_settings={"application_name": "postern"},
    )
    lasting = {**time_limits(timeout), **(settings or {})}
    try:
        await connection.execute("; ".join(f"SET {each} = {lasting[each]}" for each in lasting))
    except BaseException:
        connection.terminate()
        raise
    return connection


class ConnectionPool:
    """A few connections that only batches use; a broken one is replaced when next needed."""

    def __init__(
        self,
        open_connection: Callable[[], Awaitable["Connection[Any]"]],
        *,
        size: int,
        timeout: float,
    ) -> None:
        self._open_connection = open_connection
        self._timeout = timeout
        self._free: asyncio.LifoQueue[Connection[Any] | None] = asyncio.LifoQueue()
        for _ in range(size):
            self._free.put_nowait(None)
        self._size = size

    async def run(self, work: Callable[["Connection[Any]"], Awaitable[Result]]) -> Result:
        """Runs `work` on a connection; once more on a fresh one where the first was lost.

        So `work` has to be safe to repeat: after a connection is lost at commit nobody knows
        whether it happened.
        """
        try:
            async with asyncio.timeout(self._timeout * 2):
                try:
                    return await self._attempt(work)
                except Exception as error:
                    if not is_lost_connection(error):
                        raise
                return await self._attempt(work, fresh=True)
        except Exception as error:
            raise translate(error) from error

    async def close(self) -> None:
        """Says goodbye to the server, and hangs up where it does not answer."""
        connections = [await self._free.get() for _ in range(self._size)]
        await asyncio.gather(*(_close(each) for each in connections if each is not None))

    async def _attempt(
        self, work: Callable[["Connection[Any]"], Awaitable[Result]], *, fresh: bool = False
    ) -> Result:
        connection = await self._free.get()
        is_sound = False
        try:
            if connection is not None and (fresh or connection.is_closed()):
                connection.terminate()
                connection = None
            if connection is None:
                connection = await self._open_connection()
            result = await work(connection)
            is_sound = True
            return result
        except Exception as error:
            is_sound = is_refusal(error)
            raise
        finally:
            if not is_sound and connection is not None:
                connection.terminate()
                connection = None
            self._free.put_nowait(connection)


async def _close(connection: "Connection[Any]") -> None:
    try:
        await connection.close(timeout=GOODBYE_SECONDS)
    except Exception as error:  # noqa: BLE001 - whatever it is, we hang up
        log.warning("a connection to the database did not close: %s", type(error).__name__)
        connection.terminate()


async def look_up(
    connection: "Connection[Any]", lookup: CompiledLookup, keys: Sequence[Any]
) -> Found:
    """Asks for all keys in one statement, on a snapshot taken now."""
    rows = await connection.fetch(lookup.text, keys)
    return {row[0]: lookup.read(row) for row in rows}


async def write(
    connection: "Connection[Any]",
    statements: Sequence[CompiledStatement] | CompiledClaim,
    rows: Sequence[Mapping[str, Any]],
    outcome: CompiledOutcome | None,
    *,
    local: str | None = None,
) -> Written:
    """Writes a batch in one transaction; row by row where the table refused one of them.

    `local` is a statement that comes first in a transaction.
    """
    try:
        return list(await _transaction(connection, statements, rows, outcome, local))
    except Exception as error:
        if not is_refusal(error):
            raise
        if len(rows) == 1:
            return [translate(error)]
    results: list[Values | Exception | None] = []
    for row in rows:
        results.extend(await write(connection, statements, [row], outcome, local=local))
    return results


async def try_write(
    connection: "Connection[Any]",
    statement: CompiledStatement,
    row: Mapping[str, Any],
    *,
    local: str | None,
) -> None:
    """Execute a statement and roll it back."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        if local is not None:
            await connection.execute(local)
        await _execute(connection, statement, [row])
    finally:
        await transaction.rollback()


async def _transaction(
    connection: "Connection[Any]",
    statements: Sequence[CompiledStatement] | CompiledClaim,
    rows: Sequence[Mapping[str, Any]],
    outcome: CompiledOutcome | None,
    local: str | None,
) -> Sequence[Values | None]:
    if isinstance(statements, CompiledClaim):
        return await _claim(connection, statements, rows, local)
    if len(statements) == 1 and outcome is None:  # one statement is a transaction by itself
        await _execute(connection, statements[0], rows)
        return [None] * len(rows)
    async with connection.transaction():
        if local is not None:
            await connection.execute(local)
        for statement in statements:
            await _execute(connection, statement, rows)
        if outcome is None:
            return [None] * len(rows)
        lookup, name = outcome.lookup, outcome.name
        found = await look_up(connection, lookup, [row[name] for row in rows])
    return [found.get(row[name]) for row in rows]


async def _claim(
    connection: "Connection[Any]",
    claim: CompiledClaim,
    rows: Sequence[Mapping[str, Any]],
    local: str | None,
) -> Sequence[Values | None]:
    """Claim the rows of a batch in one statement, which is a transaction by itself."""
    text, arrays = claim.statement.text, claim.arrays(rows)
    if local is None:
        used = await connection.fetch(text, *arrays)
    else:
        async with connection.transaction():
            await connection.execute(local)
            used = await connection.fetch(text, *arrays)
    winners = dict(used)
    return [() if winners.get(row[claim.key]) == row[claim.winner] else None for row in rows]


async def _execute(
    connection: "Connection[Any]", statement: CompiledStatement, rows: Sequence[Mapping[str, Any]]
) -> None:
    if len(rows) == 1:
        await connection.execute(statement.text, *statement.bind(rows[0]))
    else:
        await connection.executemany(statement.text, [statement.bind(row) for row in rows])
