"""PostgreSQL: opening connections, and the URL parameters of libpq."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

from app.database.postgresql_hosts import Hosts

if TYPE_CHECKING:
    from asyncpg import Connection

# Parameters of libpq and of poolers that asyncpg would send to the server as settings.
_ONLY_FOR_LIBPQ = frozenset(
    {
        "channel_binding", "client_encoding", "connect_timeout", "fallback_application_name",
        "gssencmode", "keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval",
        "load_balance_hosts", "pgbouncer", "require_auth", "sslcompression", "sslsni",
        "tcp_user_timeout",
    }
)  # fmt: skip


# libpq accepts any character in a user or a password; asyncpg needs all but these encoded.
_AS_THEY_ARE = ":%!$&'()*+,;=-._~"


def driver_url(url: str) -> str:
    """Return the URL for asyncpg, which supports `sslmode`, several hosts and the like itself."""
    address, _, query = url.partition("://")[2].partition("?")
    user, at, host = address.rpartition("@")
    parameters = [
        (name, value)
        for name, value in parse_qsl(query, keep_blank_values=True)
        if name not in _ONLY_FOR_LIBPQ
    ]
    user = quote(user, safe=_AS_THEY_ARE)
    return f"postgresql://{user}{at}{host}" + (f"?{urlencode(parameters)}" if parameters else "")


# The plan of a lookup by key is cached. One that was created while a table was small and not yet
# analysed would scan whole tables, and continue to do so while they grow. The right plan is always
# the same: from the table with the key, by its index, to the others in the order in which the query
# joins them.
FOR_BATCHES = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "join_collapse_limit": "1",
    "jit": "off",
}


class Pooler(StrEnum):
    """The mode of a connection pooler between this server and PostgreSQL."""

    SESSION = "session"
    """A connection keeps its session, as without a pooler."""
    TRANSACTION = "transaction"
    """Each transaction may run on another connection, so session state is lost."""


def time_limits(timeout: float) -> dict[str, str]:
    """Return the settings that limit statements and lock waits to `timeout` seconds.

    A transaction may be idle for four times as long.
    """
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
    """Return the setting that limits each wait for a lock to `seconds`."""
    return {"lock_timeout": str(int(seconds * 1000))}


def set_local(settings: Mapping[str, str]) -> str:
    """Return one statement that applies the settings until the transaction ends."""
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
    """Open a connection whose statements take at most `timeout` seconds.

    With `may_take_long` the limit applies to connecting only, as migrations need it.

    A pooler refuses a connection that sends settings in its startup message, so they are set by a
    statement. In transaction pooling none are set and no named statements are prepared; then no
    plans are cached, and the settings for plans are not needed.
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
    values = {**limits, **(settings or {})}
    try:
        await connection.execute("; ".join(f"SET {name} = {values[name]}" for name in values))
    except BaseException:
        connection.terminate()
        raise
    return connection
