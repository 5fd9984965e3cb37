"""Lua scripts in Redis or Valkey, each run in one round trip. Imported late with redis."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError

from app.outbound.names import HostNames
from app.outbound.redis_connections import resolving
from app.startup_errors import StartupError

TIMEOUT = 0.25
"""Seconds for a response to a command."""
CONNECTING = 1.0
"""Seconds to open a connection; callers use the other connections meanwhile."""
GRACE = 0.05
"""Extra seconds after a time-out: the response may have arrived while this process was busy."""
ERRORS = (RedisError, OSError, TimeoutError)
"""What `RedisScript.run` raises if Redis is unavailable or too slow."""


class RedisScript:
    """A script on pooled connections. `digest` is the SHA-1 under which Redis keeps it."""

    def __init__(self, url: str, host_names: HostNames, *, script: str, digest: str) -> None:
        self._script = script
        self._digest = digest
        try:
            self._connections: Any = ConnectionPool.from_url(
                url,
                socket_connect_timeout=CONNECTING,
                retry=Retry(NoBackoff(), 1),  # for a connection closed since its last use
            )
            self._connections.connection_class = resolving(
                self._connections.connection_class, host_names
            )
        except ValueError:  # its message may contain the password
            raise StartupError("REDIS_URL: must be a URL such as redis://host:6379/0") from None

    async def run(self, keys: Sequence[str], *arguments: str) -> Any:
        """Return the result; try again on a new connection if a pooled one was lost."""
        for is_last in (False, True):
            connection = await self._connections.get_connection()
            try:
                return await _in_time(self._run_on(connection, len(keys), *keys, *arguments))
            except (ConnectionError, RedisConnectionError):
                await connection.disconnect(nowait=True)
                if is_last:
                    raise
            except BaseException:
                await connection.disconnect(nowait=True)
                raise
            finally:
                await self._connections.release(connection)
        raise AssertionError

    async def close(self) -> None:
        await self._connections.disconnect()

    async def _run_on(self, connection: Any, *arguments: int | str) -> Any:
        try:
            await connection.send_command("EVALSHA", self._digest, *arguments)
            return await connection.read_response()
        except NoScriptError:
            await connection.send_command("EVAL", self._script, *arguments)
            return await connection.read_response()


async def _in_time(work: Coroutine[Any, Any, Any]) -> Any:
    """Return the result, or raise `TimeoutError` if it does not arrive in time."""
    task = asyncio.ensure_future(work)
    try:
        for seconds in (TIMEOUT, GRACE):
            done, _ = await asyncio.wait({task}, timeout=seconds)
            if done:
                return task.result()
        raise TimeoutError
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
