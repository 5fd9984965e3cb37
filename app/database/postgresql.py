"""PostgreSQL: how connections are opened, and libpq's URL parameters."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

from app.database.postgresql_hosts import Hosts

if TYPE_CHECKING:
    from asyncpg import Connection

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


WITHOUT_LIMITS = {
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}


def lock_limit(seconds: float) -> dict[str, str]:
    """The setting by which nothing waits for a lock for longer than that."""
    return {"lock_timeout": str(int(seconds * 1000))}


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
    may_take_long: bool = False,
) -> "Connection[Any]":
    """Opens a connection on which nothing waits for longer than `timeout` seconds.

    With `may_take_long` that is the limit for connecting only, as migrations need it.

    A pooler refuses a connection that sends settings at its start, so they follow. Where it gives
    each transaction another connection, none is set, and no statement is prepared by a name; then
    no plan is kept either, so the settings for plans are not needed.
    """
    command_timeout = None if may_take_long else timeout + 1
    if pooler is Pooler.TRANSACTION:
        return await hosts.connect(
            timeout=timeout, command_timeout=command_timeout, statement_cache_size=0
        )
    connection = await hosts.connect(
        timeout=timeout,
        command_timeout=command_timeout,
        server_settings={"application_name": "postern"},
    )
    limits = WITHOUT_LIMITS if may_take_long else time_limits(timeout)
    lasting = {**limits, **(settings or {})}
    try:
        await connection.execute("; ".join(f"SET {each} = {lasting[each]}" for each in lasting))
    except BaseException:
        connection.terminate()
        raise
    return connection
