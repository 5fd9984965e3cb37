"""Log lines for people (text) or for machines (JSON); never a token, a secret or a query string."""

import json
import logging
import sys
from datetime import UTC, datetime

FIELDS = ("request_id", "client_id", "error", "reason", "status")
"""Of the record of a refusal; members of their own in JSON."""


def logger(name: str) -> logging.Logger:
    """The logger of a module, below `postern`."""
    return logging.getLogger("postern." + name.removeprefix("app."))


def configure_logging(*, log_format: str, level: str) -> None:
    """Sends the lines of Postern and of Uvicorn to standard error, in one format."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    for name in ("postern", "uvicorn"):
        target = logging.getLogger(name)
        target.handlers[:] = [handler]
        target.setLevel(level)
        target.propagate = False
    logging.getLogger("uvicorn.error").handlers.clear()


class TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

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
