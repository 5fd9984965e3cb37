"""HTTP requests of the checks: from the operator's machine, to any address, without redirects."""

import json
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpcore

SECONDS = 10.0
MAXIMUM_BYTES = 1_048_576
JSON_HEADERS = {"Accept": "application/json"}


class UnreachableError(Exception):
    """The host does not respond; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; the names of its headers are in lower case, and repeated ones are joined."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json_object(self) -> dict[str, Any] | None:
        """Return the body if it is a JSON object."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None


class Fetcher:
    """A client with a limit of time and of size. It sends only what a method is called with."""

    def __init__(self) -> None:
        timeouts = ("connect", "read", "write", "pool")
        self._extensions = {"timeout": dict.fromkeys(timeouts, SECONDS)}
        self._pool = httpcore.ConnectionPool(ssl_context=ssl.create_default_context())

    def close(self) -> None:
        self._pool.close()

    def get(self, url: str, parameters: Mapping[str, str] | None = None) -> Answer:
        """Request a page or a document."""
        if parameters is not None:
            url = f"{url}{'&' if '?' in url else '?'}{urlencode(parameters)}"
        return self.send("GET", url, JSON_HEADERS)

    def post_json(self, url: str, body: object, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a JSON body; `headers` replace and add to the usual ones."""
        usual = {**JSON_HEADERS, "Content-Type": "application/json"}
        return self.send("POST", url, {**usual, **(headers or {})}, json.dumps(body).encode())

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        """Send a request; raise `UnreachableError` if there is no response."""
        try:
            with self._pool.stream(
                method,
                url,
                headers=list(headers.items()),
                content=body,
                extensions=self._extensions,
            ) as response:
                names = _joined(response.headers)
                return Answer(response.status, names, _body_of(response, names))
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise UnreachableError(str(error) or type(error).__name__) from None
        except (httpcore.UnsupportedProtocol, ValueError, UnicodeError) as error:
            raise UnreachableError(f"not a usable address: {error}") from None


def _joined(lines: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by name, several lines of one as a list (RFC 9110 section 5.3)."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in lines:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _body_of(response: httpcore.Response, headers: Mapping[str, str]) -> bytes:
    """Return the beginning of the body. A stream of events has no end, so it is not read."""
    if headers.get("content-type", "").startswith("text/event-stream"):
        return b""
    body = b""
    for part in response.iter_stream():
        body += part
        if len(body) > MAXIMUM_BYTES:
            break
    return body[:MAXIMUM_BYTES]
