"""Plugin of coverage.py that measures code in SQLAlchemy's greenlets at little cost.

Coverage keeps a stack of frames for each thread, which a switch to another greenlet would confuse.
With `concurrency = ["greenlet"]` it keeps one for each greenlet, and asks for the current greenlet
at each call and each return of any function: half of the cost of measuring.

Almost all greenlets of SQLAlchemy run its own code until the driver responds. This plugin sets no
trace function while one of them runs, so the listeners to events of connections and the converters
of column types are not measured there. A greenlet that runs a function of ours (`run_sync`) gets a
trace function and with it a stack of its own, as a new thread would.
"""

import sys
import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy.util import concurrency

MEASURED = ("app.", "postern_server.")


def coverage_init(_: Any, __: Any) -> None:
    """Replace SQLAlchemy's class of greenlets; coverage calls this before it measures."""
    shim: Any = concurrency._concurrency_shim
    greenlet: type = shim._AsyncIoGreenlet
    if not issubclass(greenlet, TracedApart):
        shim._AsyncIoGreenlet = type(greenlet.__name__, (TracedApart, greenlet), {})


class TracedApart:
    """Mixed into a class of greenlets, which do not share the trace function of their callers."""

    def __init__(self, function: Callable[..., Any], driver: Any) -> None:
        super().__init__(function, driver)  # type: ignore[call-arg]  # of the greenlet
        is_ours = str(getattr(function, "__module__", "")).startswith(MEASURED)
        self.trace = threading.gettrace() if is_ours else None

    def switch(self, *arguments: Any, **named: Any) -> Any:
        return self._run(super().switch, *arguments, **named)  # type: ignore[misc]

    def throw(self, *arguments: Any) -> Any:
        return self._run(super().throw, *arguments)  # type: ignore[misc]

    def _run(self, enter: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Enter the greenlet with its trace function, and restore that of the caller afterwards."""
        trace_of_caller = sys.gettrace()
        sys.settrace(self.trace)
        try:
            return enter(*arguments, **named)
        finally:
            self.trace = sys.gettrace()
            sys.settrace(trace_of_caller)
