"""The hosts of a PostgreSQL URL: the order in which they are tried, and for how long.

If a URL names several hosts, the one that accepts writes is used
(`target_session_attrs=read-write`), unless the URL sets another value. The host that was used last
is tried first, and a host that did not answer moves to the end of the order.
"""

import asyncio
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode
from weakref import WeakSet

from app.concurrency.background_jobs import BackgroundJobs
from app.observability.logging import logger

if TYPE_CHECKING:
    from asyncpg import Connection

log = logger(__name__)

WATCH_SECONDS = 1.0
TARGET = "target_session_attrs"
WRITES = frozenset({"read-write", "primary"})
IN_ORDER = WRITES | {"any"}
"""Values that can be checked host by host; others compare hosts, which asyncpg does itself."""
IS_READ_ONLY = (
    "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean"
)


class NoHostError(ConnectionError):
    """No host of the URL can be used now; the message gives the reason for each host."""


class Hosts:
    """The hosts of a driver's URL; opens connections to the first usable one.

    If several hosts are named, a background task checks every second whether the one in use still
    accepts writes. This detects a primary that hangs without answering, and as soon as another host
    accepts writes, the connections to the old one are closed.
    """

    def __init__(self, url: str) -> None:
        self._order = hosts_of(url)
        self._is_several = len(self._order) > 1
        self._follows_writes = self._is_several and _target_of(self._order[0]) in WRITES
        self._connections: dict[str, WeakSet[Connection[Any]]] = {}
        self._in_use: str | None = None
        self._jobs = BackgroundJobs()
        self._is_watched = False

    async def connect(self, *, timeout: float, **arguments: Any) -> "Connection[Any]":
        """Connect within `timeout` seconds, divided equally among the hosts."""
        if self._follows_writes and not self._is_watched:
            self._is_watched = True
            self._jobs.start(
                lambda: self._watch_writes(timeout, arguments),
                name="check of the PostgreSQL hosts",
                restarts=True,
            )
        return await self._open(timeout, arguments)

    async def close(self) -> None:
        """Stop the background task; connections are closed by their users."""
        await self._jobs.stop()

    async def _open(self, timeout: float, arguments: dict[str, Any]) -> "Connection[Any]":
        import asyncpg

        if not self._is_several:
            only: Connection[Any] = await asyncpg.connect(
                self._order[0], timeout=timeout, **arguments
            )
            return only
        share = timeout / len(self._order)
        reasons = []
        for host in list(self._order):
            started = asyncio.get_running_loop().time()
            try:
                connection: Connection[Any] = await asyncpg.connect(
                    host, timeout=share, **arguments
                )
            except asyncpg.TargetServerAttributeNotMatched:
                reasons.append(f"{name_of(host)} does not accept writes")
            except (OSError, asyncpg.CannotConnectNowError) as error:
                self._put_last(host)
                reasons.append(f"{name_of(host)}: {_reason_of(error)}")
            except asyncio.CancelledError:
                if asyncio.get_running_loop().time() - started > share / 2:
                    self._put_last(host)  # it used up the remaining time of the caller
                raise
            else:
                self._opened(connection, host)
                return connection
        raise NoHostError(f"no host of DATABASE_URL can be used: {'; '.join(reasons)}")

    def _opened(self, connection: "Connection[Any]", host: str) -> None:
        self._order.remove(host)
        self._order.insert(0, host)
        self._connections.setdefault(host, WeakSet()).add(connection)
        if host == self._in_use or not self._follows_writes:
            return
        previous, self._in_use = self._in_use, host
        if previous is not None:
            log.warning(
                "PostgreSQL now accepts writes at %s; closing the connections to %s",
                name_of(host),
                name_of(previous),
            )
            for old_connection in list(self._connections.pop(previous, ())):
                old_connection.terminate()

    def _put_last(self, host: str) -> None:
        self._order.remove(host)
        self._order.append(host)

    async def _watch_writes(self, timeout: float, arguments: dict[str, Any]) -> None:
        """Check the host in use every `WATCH_SECONDS`, and find another if it fails."""
        share = timeout / len(self._order)
        connection: Connection[Any] | None = None
        try:
            while True:
                await asyncio.sleep(WATCH_SECONDS)
                host = connection is not None and self._in_use
                try:
                    if connection is None:
                        connection = await self._open(timeout, arguments)
                    elif await connection.fetchval(IS_READ_ONLY, timeout=share):
                        raise ConnectionError("the server is read-only")
                except Exception as error:  # noqa: BLE001 - after any error, try another host
                    log.debug("PostgreSQL at %s: %s", name_of(host or ""), _reason_of(error))
                    if host and host in self._order:
                        self._put_last(host)
                    if connection is not None:
                        connection.terminate()
                        connection = None
        finally:
            if connection is not None:
                connection.terminate()


def hosts_of(url: str) -> list[str]:
    """Return one driver URL for each host that this URL names, in the same order."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("?")[0].partition("/")
    parameters = dict(parse_qsl(rest.partition("?")[2], keep_blank_values=True))
    user, at, host_list = authority.rpartition("@")
    hosts = (host_list or parameters.get("host", "")).split(",")
    target = parameters.get(TARGET) or os.environ.get("PGTARGETSESSIONATTRS") or "read-write"
    if len(hosts) == 1 or target not in IN_ORDER:
        return [url]
    parameters[TARGET] = target
    if host_list:
        query = urlencode(parameters)
        return [f"{scheme}://{user}{at}{host}{slash}{path}?{query}" for host in hosts]
    ports = parameters.pop("port", "").split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    parameters_of_hosts = [
        {**parameters, "host": host, **({"port": port} if port else {})}
        for host, port in zip(hosts, ports, strict=False)
    ]
    return [
        f"{scheme}://{user}{at}{slash}{path}?{urlencode(host_parameters)}"
        for host_parameters in parameters_of_hosts
    ]


def name_of(url: str) -> str:
    """Return the host of a URL from `hosts_of`, without user and password."""
    address, _, query = url.partition("://")[2].partition("?")
    parameters = dict(parse_qsl(query))
    host = address.partition("/")[0].rpartition("@")[2]
    return host or ":".join(parameters[key] for key in ("host", "port") if key in parameters)


def _target_of(url: str) -> str | None:
    return dict(parse_qsl(url.partition("?")[2])).get(TARGET)


def _reason_of(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "did not respond"
    return (str(error) or type(error).__name__).splitlines()[0]
