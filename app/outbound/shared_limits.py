"""Limits that all servers share through Redis or Valkey.

While it is away or too slow, each process counts for itself: no try is ever free of a limit.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from app.errors import StartupError
from app.observability.logging import logger
from app.outbound.limit_storage import CountsInStorage, Tries
from app.outbound.names import HostNames

log = logger(__name__)

PREFIX = "postern"
TIMEOUT = 0.25
CONNECTIONS = 16
ASKED_AGAIN_AFTER = 1.0
"""Seconds in which nobody waits for a Redis that did not answer."""
SAID_AGAIN_AFTER = 30.0

Result = TypeVar("Result")


class SharedLimits:
    """A `LimitStore`. `fallbacks` is how often this process had to count alone."""

    def __init__(self, url: str, names: HostNames | None = None) -> None:
        # Imported late: only a server that shares its limits needs these libraries.
        from limits.aio.storage import MemoryStorage, RedisStorage
        from redis.asyncio import ConnectionPool, Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
        from redis.exceptions import RedisError

        from app.outbound.redis_connections import resolving

        try:
            self._connections = ConnectionPool.from_url(
                url,
                socket_timeout=TIMEOUT,
                socket_connect_timeout=TIMEOUT,
                retry=Retry(NoBackoff(), 1),  # for a connection that was closed meanwhile
            )
            self._connections.connection_class = resolving(
                self._connections.connection_class, names or HostNames()
            )
        except ValueError:  # its text may hold the password
            raise StartupError("REDIS_URL cannot be read: redis://host:6379/0 is one") from None
        redis, memory = Redis(connection_pool=self._connections), MemoryStorage()

        async def renew(key: str, seconds: int) -> None:
            await redis.expire(f"{PREFIX}:{key}", seconds)

        async def renew_in_memory(key: str, seconds: int) -> None:
            memory.expirations[key] = time.time() + seconds

        self._shared = CountsInStorage(
            RedisStorage(
                "redis://",  # nothing but the kind: the connections are made above
                implementation="redispy",
                key_prefix=PREFIX,
                connection_pool=self._connections,  # type: ignore[arg-type]  # as documented
            ),
            renew,
        )
        self._local = CountsInStorage(memory, renew_in_memory)
        self._errors = (RedisError, OSError, TimeoutError)
        self._turns = asyncio.Semaphore(CONNECTIONS)
        self._is_away = False
        self._asked_again_at = 0.0
        self._said_again_at = 0.0
        self.fallbacks = 0

    async def wait(self, tries: Tries, *, now: datetime) -> float:
        """The seconds until a try may be made; counts nothing. The time is that of Redis."""
        wait = await self._ask(lambda: self._shared.wait(tries))
        return await self._local.wait(tries) if wait is None else wait

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
        wait = await self._ask(lambda: self._shared.take(tries, is_right=is_right, clears=clears))
        if wait is None:
            self.fallbacks += 1
            wait = await self._local.take(tries, is_right=is_right, clears=clears)
        if forgets and is_right and clears and not wait:
            await self.forget(forgets, now=now)
        return wait

    async def forget(self, tries: Tries, *, now: datetime) -> None:
        """Forget what was counted for these, here and in Redis."""
        await self._local.forget(tries)

        async def forget() -> bool:
            await self._shared.forget(tries)
            return True

        if await self._ask(forget) is None:
            self.fallbacks += 1

    async def close(self) -> None:
        await self._connections.disconnect()

    async def _ask(self, question: Callable[[], Awaitable[Result]]) -> Result | None:
        """What Redis answers; None where it does not. While it is away one caller tries at once."""
        async with self._turns:
            if self._is_away and time.monotonic() < self._asked_again_at:
                return None
            self._asked_again_at = time.monotonic() + ASKED_AGAIN_AFTER
            try:
                async with asyncio.timeout(TIMEOUT):
                    answer = await question()
            except self._errors as error:
                self._say_that_it_is_away(error)
                return None
        if self._is_away:
            self._is_away = False
            log.info("the shared limits answer again")
        return answer

    def _say_that_it_is_away(self, error: Exception) -> None:
        """Only what kind of error it is: its text may name users of Redis."""
        self._is_away = True
        now = time.monotonic()
        self._asked_again_at = now + ASKED_AGAIN_AFTER
        if now >= self._said_again_at:
            self._said_again_at = now + SAID_AGAIN_AFTER
            log.warning(
                "the shared limits do not answer (%s): each process counts for itself",
                type(error).__name__,
            )
