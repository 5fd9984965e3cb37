"""The time that a request has left for its database steps, and whether its caller still waits.

The outermost application gives each HTTP request one deadline over all its steps. Work without a
request has none: each of its steps gets a time limit of its own. Instants are those of
`time.perf_counter`. A task that a request starts inherits its deadline.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class CallerConnection:
    """The connection that requests come from; the server sets `is_closed` when it is lost."""

    __slots__ = ("is_closed",)

    def __init__(self) -> None:
        self.is_closed = False


Caller = tuple[float, CallerConnection]
"""A deadline and a connection; a tuple, since each request makes one."""

UNKNOWN_CONNECTION = CallerConnection()
"""Stands for work without a connection, and for a server that does not tell of lost ones."""

WORTH_COUNTING = 0.01

_caller: ContextVar[Caller | None] = ContextVar("caller", default=None)
current_caller = _caller.get


def begin(deadline: float, connection: CallerConnection = UNKNOWN_CONNECTION) -> None:
    """From now on this task works for a caller who waits until `deadline`."""
    _caller.set((deadline, connection))


def end() -> None:
    """From now on this task works for nobody who waits."""
    _caller.set(None)


def seconds_left(*, otherwise: float) -> float:
    """Return the seconds until the deadline, zero after it; `otherwise` where there is none."""
    caller = _caller.get()
    return max(0.0, caller[0] - time.perf_counter()) if caller is not None else otherwise


def postpone(seconds: float) -> None:
    """Move the deadline by the time that something other than the database took."""
    caller = _caller.get()
    if caller is not None and seconds > WORTH_COUNTING:
        _caller.set((caller[0] + seconds, caller[1]))


@contextmanager
def not_counted() -> Iterator[None]:
    """Do not count the time inside, in which another machine is waited for."""
    started_at = time.perf_counter()
    try:
        yield
    finally:
        postpone(time.perf_counter() - started_at)
