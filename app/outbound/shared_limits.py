"""Limits that all servers share through Redis or Valkey.

While it is away or too slow, each process counts for itself: no try is ever free of a limit.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.errors import StartupError
from app.observability.logging import logger
from app.outbound.limit_script import SCRIPT, SCRIPT_DIGEST, arguments_for, keys_of
from app.outbound.local_limits import LocalLimits
from app.outbound.names import HostNames
from app.security.limit_rules import Try

log = logger(__name__)

Tries = Sequence[Try]

PREFIX = "postern"
TIMEOUT = 0.25
"""Seconds from sending a question to its answer."""
CONNECTING = 1.0
"""Seconds for a new connection; callers meanwhile use the others."""
CONNECTIONS = 8
GRACE = 0.05
"""After a time-out this process may itself have been busy: the answer may be here already."""
ASKED_AGAIN_AFTER = 1.0
"""Seconds in which nobody waits for a Redis that did not answer."""


class SharedLimits:
    """A `LimitStore`. `fallbacks` is how often this process had to count alone."""

    def __init__(self, url: str, names: HostNames | None = None) -> None:
        # Imported late: only a server that shares its limits needs this library.
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
                retry=Retry(NoBackoff(), 1),  # for a connection that was closed meanwhile
            )
            self._connections.connection_class = resolving(
                self._connections.connection_class, names or HostNames()
            )
        except ValueError:  # its text may hold the password
            raise StartupError("REDIS_URL cannot be read: redis://host:6379/0 is one") from None
        self._local = LocalLimits()
        self._errors = (RedisError, OSError, TimeoutError)
        self._lost = (ConnectionError, RedisConnectionError)
        self._unknown_script = NoScriptError
        self._turns = asyncio.Semaphore(CONNECTIONS)
        self._is_away = False
        self._changes = 0
        self._asked_again_at = 0.0
        self.fallbacks = 0

    async def wait(self, tries: Tries, *, now: datetime) -> float:
        """The seconds until a try may be made; counts nothing. The time is that of Redis."""
        arguments = arguments_for("wait", tries, is_right=True, clears=False)
        wait = await self._judge(keys_of(tries, prefix=PREFIX), arguments)
        return self._local.wait(tries, now=now) if wait is None else wait

    async def take(
        self,
        tries: Tries,
        *,
        now: datetime,
        is_right: bool,
        clears: bool,
        forgets: Tries = (),
    ) -> float:
        """Counts a try that was made under each rule and key, or, where one of them refuses, under
        that alone. Gives the seconds to wait; zero where its outcome may be told.
        """
        arguments = arguments_for("take", tries, is_right=is_right, clears=clears)
        wait = await self._judge(keys_of([*tries, *forgets], prefix=PREFIX), arguments)
        if wait is None:
            self.fallbacks += 1
            return self._local.take(
                tries, now=now, is_right=is_right, clears=clears, forgets=forgets
            )
        if is_right and clears and wait == 0:
            self._local.forget(forgets)
        return wait

    async def forget(self, tries: Tries, *, now: datetime) -> None:
        """Forget what was counted for these, here and in Redis."""
        self._local.forget(tries)
        arguments = arguments_for("take", (), is_right=True, clears=True)
        if await self._judge(keys_of(tries, prefix=PREFIX), arguments) is None:
            self.fallbacks += 1

    async def check(self) -> None:
        """Ask once at the start: where nobody answers, the log says so before the first attempt."""
        await self._judge([], arguments_for("wait", (), is_right=True, clears=False))

    async def close(self) -> None:
        await self._connections.disconnect()

    async def _judge(self, keys: list[str], arguments: list[str]) -> float | None:
        """What Redis says of an attempt; None where it does not answer.

        While it is away one caller tries at once, once a second.
        """
        async with self._turns:
            if self._is_away and time.monotonic() < self._asked_again_at:
                return None
            self._asked_again_at = time.monotonic() + ASKED_AGAIN_AFTER
            changes = self._changes
            try:
                answer = await self._ask(keys, arguments)
            except self._errors as error:
                self._set_away(error, changes)
                return None
        self._set_back(changes)
        return float(answer)

    async def _ask(self, keys: list[str], arguments: list[str]) -> Any:
        """Ask on a connection of the pool; once more on a new one, where that one was lost."""
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
        """Only what kind of error it is: its text may name users of Redis.

        What was asked before the last change of state says nothing about the state now.
        """
        if changes != self._changes:
            return
        self._asked_again_at = time.monotonic() + ASKED_AGAIN_AFTER
        if not self._is_away:
            self._is_away = True
            self._changes += 1
            log.warning(
                "the shared limits do not answer (%s): each process counts for itself",
                type(error).__name__,
            )

    def _set_back(self, changes: int) -> None:
        if self._is_away and changes == self._changes:
            self._is_away = False
            self._changes += 1
            log.info("the shared limits answer again")


async def _in_time(question: Any) -> Any:
    """Return the answer, or raise `TimeoutError` where there is none in time."""
    asking = asyncio.ensure_future(question)
    try:
        for seconds in (TIMEOUT, GRACE):
            done, _ = await asyncio.wait({asking}, timeout=seconds)
            if done:
                return asking.result()
        raise TimeoutError
    finally:
        if not asking.done():
            asking.cancel()
            await asyncio.wait({asking})
