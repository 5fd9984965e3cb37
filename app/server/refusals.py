"""What the operator is told of a start that is refused: one line, and exit code 2."""

import sys
from collections.abc import Sequence

from app.errors import NO_THREAD, StartupError, is_exhaustion
from app.observability.logging import json_line

EXIT_CANNOT_START = 2


def lines_for(error: Exception) -> Sequence[str] | None:
    """Return what to tell the operator; None for a bug."""
    if isinstance(error, StartupError):
        return error.lines
    if is_exhaustion(error):
        return (NO_THREAD,)
    from app.database.errors import is_database_error, reason_of  # late: most never need it

    return (f"DATABASE_URL: {reason_of(error)}",) if is_database_error(error) else None


def print_refusal(lines: Sequence[str], *, as_json: bool) -> None:
    """Print lines to standard error; a server whose log is JSON says them in JSON."""
    for line in lines:
        text = json_line(line, level="ERROR", name="cli.serve") if as_json else f"postern: {line}"
        print(text, file=sys.stderr)  # noqa: T201 - the log may not be configured yet
