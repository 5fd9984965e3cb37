"""Rate limits shared by all servers through Redis or Valkey.

While Redis is unavailable or too slow, each process counts for itself, so limits always apply.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.errors import StartupError
from app.extras import require_extra
from app.observability.logging import logger
from app.outbound.limit_script import SCRIPT, SCRIPT_DIGEST, arguments_for, keys_of
from app.outbound.local_limits import LocalLimits
from app.outbound.names import HostNames
from app.security.limit_rules import Attempt

log = logger(__name__)

Attempts = Sequence[Attempt]

PREFIX = "postern"
TIMEOUT = 0.25
"""Seconds for a response to a command."""
CONNECTING = 1.0
"""Seconds to open a connection; callers use the other connections meanwhile."""
CONNECTIONS = 8
GRACE = 0.05
"""Extra seconds after a time-out: the response may have arrived while this process was busy."""
ASKED_AGAIN_AFTER = 1.0
"""Seconds between attempts to reach a Redis that did not respond; callers do not wait for it."""


class SharedLimits:
    """A `LimitStore`. `fallbacks` is the number of attempts that this process counted by itself."""

    def __init__(self, url: str, host_names: HostNames | None = None) -> None:
        require_extra("redis", module="redis", needed_by="REDIS_URL")
        # imported late: only servers with shared limits need this library
        from redis.asyncio import ConnectionPool
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
        from redis.exceptions import ConnectionError as RedisConnectionError
        from redis.exceptions import NoScriptError, RedisError

        from app.outbound.redis_connections import resolving

        try:
            self._connections: Any = ConnectionPool.from_url(
                url,
                socket_connect_timeout=CONNECTING,
                retry=Retry(NoBackoff(), 1),  # for a connection closed since its last use
            )
            self._connections.connection_class = resolving(
                self._connections.connection_class, host_names or HostNames()
            )
        except ValueError:  # its message may contain the password
            raise StartupError("REDIS_URL: must be a URL such as redis://host:6379/0") from None
        self._local = LocalLimits()
        self._errors = (RedisError, OSError, TimeoutError)
        self._lost = (ConnectionError, RedisConnectionError)
        self._unknown_script = NoScriptError
        self._turns = asyncio.Semaphore(CONNECTIONS)
        self._is_away = False
        self._changes = 0
        self._asked_again_at = 0.0
        self.fallbacks = 0

    async def wait(self, attempts: Attempts, *, now: datetime) -> float:
        """Return the seconds until an attempt is allowed, by Redis's clock, without counting it."""
        arguments = arguments_for("wait", attempts, is_right=True, clears=False)
        wait = await self._judge(keys_of(attempts, prefix=PREFIX), arguments)
        return self._local.wait(attempts, now=now) if wait is None else wait

    async def take(
        self,
        attempts: Attempts,
        *,
        now: datetime,
        is_right: bool,
        clears: bool,
        forgets: Attempts = (),
    ) -> float:
        """Count an attempt under each rule and key or, if some refuse it, under those only.

        Return the seconds to wait; zero if the outcome may be revealed.
        """
        arguments = arguments_for("take", attempts, is_right=is_right, clears=clears)
        wait = await self._judge(keys_of([*attempts, *forgets], prefix=PREFIX), arguments)
        if wait is None:
            self.fallbacks += 1
            return self._local.take(
                attempts, now=now, is_right=is_right, clears=clears, forgets=forgets
            )
        if is_right and clears and wait == 0:
            self._local.forget(forgets)
        return wait

    async def forget(self, attempts: Attempts, *, now: datetime) -> None:
        """Reset the counts of these attempts, locally and in Redis."""
        self._local.forget(attempts)
        arguments = arguments_for("take", (), is_right=True, clears=True)
        if await self._judge(keys_of(attempts, prefix=PREFIX), arguments) is None:
            self.fallbacks += 1

    async def check(self) -> None:
        """Query Redis at startup, so that the log reports a failure before the first attempt."""
        await self._judge([], arguments_for("wait", (), is_right=True, clears=False))

    async def close(self) -> None:
        await self._connections.disconnect()

    async def _judge(self, keys: list[str], arguments: list[str]) -> float | None:
        """Return the seconds that Redis tells an attempt to wait; None if Redis does not respond.

        While it is unavailable, one caller at a time queries it, once a second.
        """
        async with self._turns:
            if self._is_away and time.monotonic() < self._asked_again_at:
                return None
            self._asked_again_at = time.monotonic() + ASKED_AGAIN_AFTER
            changes = self._changes
            try:
                seconds = await self._ask(keys, arguments)
            except self._errors as error:
                self._set_away(error, changes)
                return None
        self._set_back(changes)
        return float(seconds)

    async def _ask(self, keys: list[str], arguments: list[str]) -> Any:
        """Run the script on a pooled connection, and on a new one if that connection was lost."""
        for is_last in (False, True):
            connection = await self._connections.get_connection()
            try:
                return await _in_time(self._run_script(connection, keys, arguments))
            except self._lost:
                await connection.disconnect(nowait=True)
                if is_last:
                    raise
            except BaseException:
                await connection.disconnect(nowait=True)
                raise
            finally:
                await self._connections.release(connection)
        raise AssertionError

    async def _run_script(self, connection: Any, keys: list[str], arguments: list[str]) -> Any:
        try:
            await connection.send_command("EVALSHA", SCRIPT_DIGEST, len(keys), *keys, *arguments)
            return await connection.read_response()
        except self._unknown_script:
            await connection.send_command("EVAL", SCRIPT, len(keys), *keys, *arguments)
            return await connection.read_response()

    def _set_away(self, error: Exception, changes: int) -> None:
        """Log only the kind of error: its text may contain Redis user names.

        Results of commands sent before the last change of state are ignored.
        """
        if changes != self._changes:
            return
        self._asked_again_at = time.monotonic() + ASKED_AGAIN_AFTER
        if not self._is_away:
            self._is_away = True
            self._changes += 1
            log.warning(
                "the shared rate limits are not available (%s): each process counts separately",
                type(error).__name__,
            )

    def _set_back(self, changes: int) -> None:
        if self._is_away and changes == self._changes:
            self._is_away = False
            self._changes += 1
            log.info("the shared rate limits are available again")


async def _in_time(question: Any) -> Any:
    """Return the result, or raise `TimeoutError` if it does not arrive in time."""
    task = asyncio.ensure_future(question)
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
