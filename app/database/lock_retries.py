"""Retries of transactions that meet a lock: they hold no connection while they wait.

A transaction waits only briefly for a lock. It then returns its connection to the pool, and is
retried on connections reserved for retries until the deadline of its caller.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from enum import Enum
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from app.concurrency.deadline import seconds_left
from app.concurrency.places import Places
from app.database.errors import RowLockedError
from app.errors import DatabaseUnavailableError
from app.observability.logging import logger

log = logger(__name__)

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")
Attempt = Callable[[], Awaitable[Result]]


class LockWait(Enum):
    """How long a transaction waits for locks, and on which connections."""

    PATIENT = "patient"
    """As long as a statement may take, on an ordinary connection: it cannot be retried."""
    BRIEF = "brief"
    """Briefly, on an ordinary connection."""
    RETRY = "retry"
    """Briefly, on a connection reserved for retries."""


_lock_wait: ContextVar[LockWait] = ContextVar("lock_wait", default=LockWait.PATIENT)
current_lock_wait = _lock_wait.get


@contextmanager
def _using(lock_wait: LockWait) -> Iterator[None]:
    token = _lock_wait.set(lock_wait)
    try:
        yield
    finally:
        _lock_wait.reset(token)


class LockRetries:
    """Runner for attempts that may wait for locks without delaying other attempts.

    An attempt has committed when it returns, and changed nothing when it raises `RowLockedError`.
    Attempts of one kind use at most `connections_per_kind` of the ordinary connections, so that
    other kinds get theirs even if every attempt of this kind runs into a lock. At most
    `retries_at_once` attempts are retried at once, round-robin by kind.
    """

    def __init__(
        self, *, connections_per_kind: int, retries_at_once: int, time_limit: float
    ) -> None:
        self._connections_per_kind = connections_per_kind
        self._time_limit = time_limit
        self._kinds: dict[str, Places] = {}
        self._retry_places = RoundRobinSemaphore(retries_at_once)

    async def run(self, kind: str, attempt: Attempt[Result]) -> Result:
        """Return the result of an attempt; raises `DatabaseUnavailableError` at the deadline."""
        if current_lock_wait() is not LockWait.PATIENT:
            return await attempt()  # part of an attempt that is already running
        limit = time.perf_counter() + seconds_left(otherwise=self._time_limit)
        places = self._kinds.get(kind) or self._kinds.setdefault(
            kind, Places(self._connections_per_kind)
        )
        async with places.taken(within=limit - time.perf_counter(), late=DatabaseUnavailableError):
            with suppress(RowLockedError), _using(LockWait.BRIEF):
                return await attempt()
        while (left := limit - time.perf_counter()) > 0:
            try:
                async with asyncio.timeout(left):
                    await self._retry_places.acquire(kind)
            except TimeoutError:
                break
            is_locked = False
            try:
                with _using(LockWait.RETRY):
                    return await attempt()
            except RowLockedError:
                is_locked = True
            finally:
                self._retry_places.release(kind, is_locked=is_locked)
        log.warning("database unavailable: a lock was not granted in time (%s)", kind)
        raise DatabaseUnavailableError


class RoundRobinSemaphore:
    """A semaphore that is granted round-robin by kind.

    A kind whose last attempt did not run into a lock goes first.
    """

    def __init__(self, count: int) -> None:
        self._free_places = count
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def acquire(self, kind: str) -> None:
        """Wait for a place; the caller must call `release` afterwards."""
        if self._free_places:  # then no caller is waiting
            self._free_places -= 1
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(kind, deque()).append(future)
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.release(kind, is_locked=True)
            raise

    def release(self, kind: str, *, is_locked: bool) -> None:
        """Pass the place to the next caller; `is_locked` tells whether the attempt met a lock."""
        if kind in self._waiting:
            self._waiting.move_to_end(kind, last=is_locked)
        while self._waiting:
            next_kind, queue = next(iter(self._waiting.items()))
            future = queue.popleft()
            if queue:
                self._waiting.move_to_end(next_kind)
            else:
                del self._waiting[next_kind]
            if not future.done():
                future.set_result(None)
                return
        self._free_places += 1


class _HasDatabase(Protocol):
    """A repository, whose methods can be retried."""

    @property
    def _database(self) -> "_RetriesOnLock": ...


class _RetriesOnLock(Protocol):
    async def retry_on_lock(self, kind: str, attempt: Attempt[Result], /) -> Result: ...


_Repository = TypeVar("_Repository", bound=_HasDatabase)


def retries_on_lock(
    method: Callable[Concatenate[_Repository, Arguments], Awaitable[Result]],
) -> Callable[Concatenate[_Repository, Arguments], Coroutine[Any, Any, Result]]:
    """Decorate a repository method so that it is retried while another transaction holds a lock.

    The method must be one transaction without side effects outside it, because it is repeated from
    the beginning.
    """
    kind = method.__qualname__

    @wraps(method)
    async def with_retries(
        self: _Repository, /, *arguments: Arguments.args, **named: Arguments.kwargs
    ) -> Result:
        return await self._database.retry_on_lock(kind, partial(method, self, *arguments, **named))

    return with_retries
