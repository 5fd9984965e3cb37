"""Log lines for people (text) or machines (JSON), without tokens, secrets and query strings."""

import atexit
import json
import logging
import sys
import threading
import time
from datetime import UTC, datetime
from functools import lru_cache
from types import TracebackType
from typing import TextIO

from app.observability.log_output import LogOutput

FIELDS = ("request_id", "client_id", "error", "reason", "status")
"""Attributes of a refusal's record; members of their own in JSON."""


def logger(name: str) -> logging.Logger:
    """Return the logger of a module, below `postern`."""
    return logging.getLogger("postern." + name.removeprefix("app."))


def server_output(*, log_format: str) -> LogOutput:
    """Return the log output of a server: standard error, without ever waiting for its reader.

    A process has one for each standard error, however many applications run in it.
    """
    for handler in logging.getLogger("postern").handlers:
        stream = getattr(handler, "stream", None)
        if isinstance(stream, LogOutput) and stream.target is sys.stderr:
            return stream

    def describe(count: int) -> str:
        message = f"{count} log lines dropped: the reader of the log is too slow"
        if log_format == "json":
            return json_line(message, level="WARNING", name="observability")
        return f"{text_time(time.time())} WARNING postern.observability {message}"

    output = LogOutput(sys.stderr, describe)
    atexit.register(output.drain)
    return output


def configure_logging(*, log_format: str, level: str, output: LogOutput | None = None) -> None:
    """Send the lines of Postern and Uvicorn to standard error, in one format.

    A server passes its `server_output`; a command may wait for the reader of its lines.
    """
    handler: logging.StreamHandler[TextIO | LogOutput] = logging.StreamHandler(output or sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    for name in ("postern", "uvicorn"):
        target = logging.getLogger(name)
        target.handlers[:] = [handler]
        target.setLevel(level)
        target.propagate = False
    logging.getLogger("uvicorn.error").handlers.clear()


def configure_process_logging(
    *, log_format: str, level: str, output: LogOutput | None = None
) -> None:
    """Configure logging for a whole process: as `configure_logging`, and all other lines, too.

    These are the lines of other libraries, warnings, and tracebacks of uncaught exceptions.
    """
    configure_logging(log_format=log_format, level=level, output=output)
    root = logging.getLogger()
    for old_handler in [each for each in root.handlers if isinstance(each, _OfTheProcess)]:
        root.removeHandler(old_handler)
    handler = _OfTheProcess(output or sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    root.addHandler(handler)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda hook: _log_uncaught(hook.exc_type, hook.exc_value)
    sys.unraisablehook = lambda hook: _log_uncaught(hook.exc_type, hook.exc_value)


class _OfTheProcess(logging.StreamHandler[TextIO | LogOutput]):
    """The root logger's handler, as its own class to distinguish it from handlers of others."""


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None = None
) -> None:
    error = error if error is not None else kind()
    info = (kind, error, traceback or error.__traceback__)
    logger(__name__).critical("uncaught exception", exc_info=info)


def json_line(message: str, *, level: str, name: str) -> str:
    """Return a line in JSON log format, for output that does not go through `logging`."""
    values = {"msg": message, "levelname": level, "name": f"postern.{name}"}
    return JsonFormatter().format(logging.makeLogRecord(values))


class TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        return text_time(record.created)


def text_time(seconds: float) -> str:
    """Return the timestamp of a text line from seconds since 1970: 2026-11-28T20:55:42.123Z."""
    full_seconds = int(seconds)
    return f"{_text_second(full_seconds)}.{int((seconds - full_seconds) * 1000):03d}Z"


@lru_cache(maxsize=8)
def _text_second(whole: int) -> str:
    return datetime.fromtimestamp(whole, UTC).replace(tzinfo=None).isoformat()


class JsonFormatter(logging.Formatter):
    """A formatter that writes each record as one line with a JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry)
