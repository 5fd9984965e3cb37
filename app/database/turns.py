"""Transactions that give way: what somebody else's lock holds up keeps no connection.

A transaction waits only briefly for a lock. Then it gives its connection back, and is tried again
on connections that nothing else needs, until the deadline of its caller.
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

from app.database.errors import RowLockedError
from app.deadline import seconds_left
from app.errors import DatabaseUnavailableError
from app.observability.logging import logger
from app.places import Places

log = logger(__name__)

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")
Attempt = Callable[[], Awaitable[Result]]


class Lane(Enum):
    """How a transaction waits for locks, and on which connections."""

    PATIENT = "patient"
    """As long as a statement may take, on an ordinary connection: what cannot be tried again."""
    BRIEF = "brief"
    """Briefly, on an ordinary connection."""
    AGAIN = "again"
    """Briefly, on a connection for what locks held up."""


_lane: ContextVar[Lane] = ContextVar("lane", default=Lane.PATIENT)
current_lane = _lane.get


@contextmanager
def _on(lane: Lane) -> Iterator[None]:
    token = _lane.set(lane)
    try:
        yield
    finally:
        _lane.reset(token)


class Turns:
    """Runs attempts so that those which a lock holds up delay no others.

    An attempt has committed when it returns, and changed nothing when it raises `RowLockedError`.
    Attempts of one kind have at most `of_a_kind` of the ordinary connections; so the other kinds
    have theirs, even while each attempt of this one has to be given up. `again` attempts at once
    are tried again, kind by kind.
    """

    def __init__(self, *, of_a_kind: int, again: int, time_limit: float) -> None:
        self._of_a_kind = of_a_kind
        self._time_limit = time_limit
        self._kinds: dict[str, Places] = {}
        self._again = KindsInTurn(again)

    async def run(self, kind: str, attempt: Attempt[Result]) -> Result:
        """Return the result of an attempt; raises `DatabaseUnavailableError` at the deadline."""
        if current_lane() is not Lane.PATIENT:
            return await attempt()  # part of one that is under way
        limit = time.perf_counter() + seconds_left(otherwise=self._time_limit)
        places = self._kinds.get(kind) or self._kinds.setdefault(kind, Places(self._of_a_kind))
        async with places.taken(within=limit - time.perf_counter(), late=DatabaseUnavailableError):
            with suppress(RowLockedError), _on(Lane.BRIEF):
                return await attempt()
        while (left := limit - time.perf_counter()) > 0:
            try:
                async with asyncio.timeout(left):
                    await self._again.take(kind)
            except TimeoutError:
                break
            is_locked = False
            try:
                with _on(Lane.AGAIN):
                    return await attempt()
            except RowLockedError:
                is_locked = True
            finally:
                self._again.give_back(kind, is_locked=is_locked)
        log.warning("database unavailable: a lock was not given in time (%s)", kind)
        raise DatabaseUnavailableError


class KindsInTurn:
    """A few places for those who wait in kinds: the kinds have them in turn.

    The next one of a kind that no lock holds up any more goes at once.
    """

    def __init__(self, count: int) -> None:
        self._free_places = count
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def take(self, kind: str) -> None:
        """Return when it is the caller's turn; `give_back` has to follow."""
        if self._free_places:  # then nobody waits
            self._free_places -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(kind, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back(kind, is_locked=True)
            raise

    def give_back(self, kind: str, *, is_locked: bool) -> None:
        """Let the next one have the place; `is_locked` says how the attempt went."""
        if kind in self._waiting:
            self._waiting.move_to_end(kind, last=is_locked)
        while self._waiting:
            following, queue = next(iter(self._waiting.items()))
            turn = queue.popleft()
            if queue:
                self._waiting.move_to_end(following)
            else:
                del self._waiting[following]
            if not turn.done():
                turn.set_result(None)
                return
        self._free_places += 1


class _HasTurns(Protocol):
    """What has methods that give way: a repository."""

    @property
    def _database(self) -> "_RunsInTurns": ...


class _RunsInTurns(Protocol):
    async def give_way(self, kind: str, attempt: Attempt[Result], /) -> Result: ...


_Repository = TypeVar("_Repository", bound=_HasTurns)


def gives_way(
    method: Callable[Concatenate[_Repository, Arguments], Awaitable[Result]],
) -> Callable[Concatenate[_Repository, Arguments], Coroutine[Any, Any, Result]]:
    """Make a method of a repository give way to somebody else's locks.

    It is one transaction, and is run again from its beginning: outside of the transaction it does
    nothing that counts.
    """
    kind = method.__qualname__

    @wraps(method)
    async def in_turns(
        self: _Repository, /, *arguments: Arguments.args, **named: Arguments.kwargs
    ) -> Result:
        return await self._database.give_way(kind, partial(method, self, *arguments, **named))

    return in_turns
