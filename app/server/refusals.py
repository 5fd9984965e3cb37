"""The report of a failed start to the operator: one line, and exit code 2."""

import sys
from collections.abc import Sequence

from app.observability.logging import json_line
from app.startup_errors import NO_THREAD, StartupError, is_exhaustion

EXIT_CANNOT_START = 2


def lines_for(error: Exception) -> Sequence[str] | None:
    """Return the lines for the operator, or None if the error is a bug."""
    if isinstance(error, StartupError):
        return error.lines
    if is_exhaustion(error):
        return (NO_THREAD,)
    from app.database.errors import is_database_error, reason_of  # late import: rarely needed

    return (f"DATABASE_URL: {reason_of(error)}",) if is_database_error(error) else None


def print_refusal(lines: Sequence[str], *, as_json: bool) -> None:
    """Print the lines to standard error, in JSON if the log is JSON."""
    for line in lines:
        text = json_line(line, level="ERROR", name="cli.serve") if as_json else f"postern: {line}"
        print(text, file=sys.stderr)  # noqa: T201 - the log may not be configured yet
