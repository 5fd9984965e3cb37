"""Access log: one line per request. Lines are buffered briefly and written together."""

import asyncio
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.observability.log_output import LogOutput
from app.observability.logging import text_time

FLUSH_SECONDS = 0.25
MAXIMUM_PATH = 200
OUR_SECRETS = ("postern_", "/eyJ")  # how secrets begin that a caller may put into a path


class AccessLog:
    """Log lines with method, path without query, status, time, client, request id; no secrets."""

    def __init__(self, output: LogOutput, *, log_format: str) -> None:
        self._format = _as_json if log_format == "json" else _as_text
        self._output = output
        self._lines: list[str] = []

    def write(
        self, scope: Mapping[str, Any], *, status: int, seconds: float, request_id: str
    ) -> None:
        if not self._lines:
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)
        client = scope.get("client")
        self._lines.append(
            self._format(
                scope["method"],
                _path(scope),
                status,
                seconds * 1000,
                client[0] if client else "-",
                request_id,
            )
        )

    def flush(self) -> None:
        lines, self._lines = self._lines, []
        if lines:
            self._output.write("".join(lines))


def _path(scope: Mapping[str, Any]) -> str:
    """Return the path as sent, percent-encoded, so that it cannot put a line break into the log."""
    raw = scope.get("raw_path") or scope["path"].encode()
    path: str = raw[:MAXIMUM_PATH].decode("ascii", "backslashreplace")
    return "(a path that contains a secret)" if _has_secret(path) else path


def _has_secret(path: str) -> bool:
    return any(beginning in path for beginning in OUR_SECRETS)


def _as_text(
    method: str, path: str, status: int, milliseconds: float, client: str, request_id: str
) -> str:
    stamp = text_time(time.time())
    return f"{stamp} {client} {method} {path} {status} {milliseconds:.1f}ms {request_id}\n"


def _as_json(
    method: str, path: str, status: int, milliseconds: float, client: str, request_id: str
) -> str:
    entry = {
        "time": datetime.now(UTC).isoformat(),
        "level": "INFO",
        "logger": "postern.access",
        "method": method,
        "path": path,
        "status": status,
        "milliseconds": round(milliseconds, 1),
        "client": client,
        "request_id": request_id,
    }
    return json.dumps(entry) + "\n"
