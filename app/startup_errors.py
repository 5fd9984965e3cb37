"""Errors for the operator: why the server cannot start, or has no more threads or memory."""

CREATED_BY = "run `postern serve` or `postern migrate` first"
"""Hint for an operator whose database is missing or empty."""


class StartupError(Exception):
    """The server cannot start. Each line is for the operator and says what to change."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class DatabaseUnreachableError(StartupError):
    """The database does not respond. It may come up later."""


NO_THREAD = "cannot start a thread: raise the limits on processes and memory (ulimit -u, -v)"


def is_exhaustion(error: BaseException) -> bool:
    """Return whether the system is out of threads or memory, which may be temporary."""
    if isinstance(error, RuntimeError):
        return "can't start new thread" in str(error)
    return isinstance(error, MemoryError) or "Memory allocation error" in str(error)
