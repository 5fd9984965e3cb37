"""The time left for a request's database steps, and whether its client is still connected.

The outermost application gives each HTTP request one deadline for all its steps. Work without a
request has none: each of its steps has its own time limit. Instants are those of
`time.perf_counter`. A task that a request starts inherits its deadline.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class CallerConnection:
    """The connection that requests arrive on; the server sets `is_closed` when it is lost."""

    __slots__ = ("is_closed",)

    def __init__(self) -> None:
        self.is_closed = False


Caller = tuple[float, CallerConnection]
"""A deadline and a connection. It is a tuple because each request creates one."""

UNKNOWN_CONNECTION = CallerConnection()
"""Used for work without a connection, and for a server that does not report lost ones."""

WORTH_COUNTING = 0.01

_caller: ContextVar[Caller | None] = ContextVar("caller", default=None)
current_caller = _caller.get


def begin(deadline: float, connection: CallerConnection = UNKNOWN_CONNECTION) -> None:
    """Set the deadline and the connection for the current task."""
    _caller.set((deadline, connection))


def end() -> None:
    """Remove the deadline and the connection from the current task."""
    _caller.set(None)


def seconds_left(*, otherwise: float) -> float:
    """Return the seconds until the deadline, zero after it, or `otherwise` if it is not set."""
    caller = _caller.get()
    return max(0.0, caller[0] - time.perf_counter()) if caller is not None else otherwise


def postpone(seconds: float) -> None:
    """Extend the deadline by time that something other than the database took."""
    caller = _caller.get()
    if caller is not None and seconds > WORTH_COUNTING:
        _caller.set((caller[0] + seconds, caller[1]))


@contextmanager
def not_counted() -> Iterator[None]:
    """Exclude the time inside the context from the deadline, for waits for another machine."""
    started_at = time.perf_counter()
    try:
        yield
    finally:
        postpone(time.perf_counter() - started_at)
