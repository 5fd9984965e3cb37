"""The HTTP protocol of a connection, with limits on the size and the time of a request.

httptools has no such limits.
"""

import asyncio
import re
from typing import Any

from app.server.uvicorn_adapter.protocol import UvicornProtocol

MAXIMUM_HEAD = 65_536
MAXIMUM_REQUEST = 20 * 1024 * 1024
MAXIMUM_PIPELINED = 256
HEADER_OVERHEAD = 4
"""Bytes of a header line besides its name and value: a colon, a space and the end of the line."""
UPGRADE = re.compile(rb"\r\nupgrade:[^\r\n]*", re.IGNORECASE)
REQUEST_SECONDS = 15.0


def _refusal(status: int, title: str, detail: str) -> bytes:
    body = (
        f'{{"type":"about:blank","title":"{title}","status":{status},'
        f'"detail":"{detail}","error":"invalid_request"}}'
    )
    return (
        f"HTTP/1.1 {status} {title}\r\ncontent-type: application/problem+json\r\n"
        f"content-length: {len(body)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n{body}"
    ).encode("ascii")


HEAD_TOO_LARGE = _refusal(
    431, "Request Header Fields Too Large", "The request headers are too large."
)
URL_TOO_LONG = _refusal(414, "URI Too Long", "The URL of the request is too long.")
NOT_HTTP = _refusal(400, "Bad Request", "This is not an HTTP/1.1 request.")
TOO_SLOW = _refusal(408, "Request Timeout", "The request did not arrive in time.")


class BoundExceededError(Exception):
    """Stops the parser in the middle of its input; the connection is already closed."""


def without_upgrade(data: bytes) -> bytes:
    """Return the beginning of a request without its Upgrade header.

    A server may ignore the header (RFC 9110 section 7.8), and Java's client sends it with the first
    request of a connection. httptools would stop there and lose the body.
    """
    if b"pgrade:" not in data and b"PGRADE:" not in data:
        return data
    head, end, rest = data.partition(b"\r\n\r\n")
    return UPGRADE.sub(b"", head) + end + rest


class BoundedHttpProtocol(UvicornProtocol):
    """HTTP protocol that limits what a connection can cost before and between its requests.

    A head may have 64 KiB, and a request 20 MiB in all and 15 seconds to arrive. At most 256
    requests may be pipelined. The timer runs only while a request is incomplete: one that arrives
    in one piece, as nearly all do, never starts it.
    """

    _head_bytes = 0
    _request_bytes = 0
    _in_head = True
    _request_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._start_request_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_request_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._request_bytes += len(data)
        if self._in_head:
            data = without_upgrade(data)
        super().data_received(data)
        if self._is_complete or self.transport.is_closing():
            return
        if self._in_head and self._request_bytes > MAXIMUM_HEAD:
            self._refuse(HEAD_TOO_LARGE)
        elif self._request_bytes > MAXIMUM_REQUEST:
            self._refuse(b"")
        elif self._request_timer is None:
            self._start_request_timer()

    def on_message_begin(self) -> None:
        self._in_head, self._is_complete = True, False
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._head_bytes += len(url)
        if self._head_bytes > MAXIMUM_HEAD:
            self._refuse(URL_TOO_LONG)
            raise BoundExceededError
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value) + HEADER_OVERHEAD
        if self._head_bytes > MAXIMUM_HEAD:
            self._refuse(HEAD_TOO_LARGE)
            raise BoundExceededError
        if self._in_head:  # fields after the body are trailers, not headers (RFC 9110 6.5.1)
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._pipelined_requests() >= MAXIMUM_PIPELINED:
            self._refuse(b"")
            raise BoundExceededError
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = self._is_complete = True
        self._head_bytes = self._request_bytes = 0
        self._stop_request_timer()
        super().on_message_complete()

    def close_if_idle(self) -> None:
        """Close the connection unless a request is in progress on it."""
        if not self._is_answering() and not self._request_bytes and not self.transport.is_closing():
            self.transport.close()

    def _on_parser_error(self) -> None:
        """Refuse what is not HTTP; after a `BoundExceededError`, the connection is closed."""
        if not self.transport.is_closing():
            self.transport.write(NOT_HTTP)
            self.transport.close()

    def _start_request_timer(self) -> None:
        self._request_timer = self.loop.call_later(REQUEST_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self._refuse(TOO_SLOW if self._request_bytes else b"")

    def _stop_request_timer(self) -> None:
        if self._request_timer is not None:
            self._request_timer.cancel()
            self._request_timer = None

    def _refuse(self, answer: bytes) -> None:
        """Close the connection, after `answer` if the request can still get a response."""
        self._stop_request_timer()
        if self.transport.is_closing():
            return
        is_next = not self._pipelined_requests()
        if answer and is_next and self._may_answer(is_new_request=self._in_head):
            self.transport.write(answer)
        self.transport.close()
