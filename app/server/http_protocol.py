"""Uvicorn's HTTP protocol with limits on the size and the time of a request.

httptools has no such limits. This protocol also sends the head and the body of a response in one
write, which saves one system call per request.
"""

import asyncio
import re
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from app.concurrency.deadline import CallerConnection
from app.middleware.http import CALLER_CONNECTION, WHOLE_REQUEST, WHOLE_RESPONSE, Scope
from app.server.transport import OneWriteTransport

MAXIMUM_HEAD = 65_536
MAXIMUM_REQUEST = 20 * 1024 * 1024
MAXIMUM_PIPELINED = 256
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


class BoundedHttpProtocol(HttpToolsProtocol):
    """HTTP protocol that limits what a connection can cost before and between its requests.

    A head may have 64 KiB, and a request 20 MiB in all and 15 seconds to arrive. At most 256
    requests may be pipelined. The timer runs only while a request is incomplete: one that arrives
    in one piece, as nearly all do, never starts it. A connection has one timer for its idle time.
    """

    _head_bytes = 0
    _request_bytes = 0
    _in_head = True
    _is_complete = True
    _request_timer: asyncio.TimerHandle | None = None
    _idle_timer: asyncio.TimerHandle | None = None
    _last_answer = 0.0
    _is_draining = False
    _last_one: RequestResponseCycle | None = None

    def connection_made(self, transport: Any) -> None:
        self._writer = OneWriteTransport(transport, self.loop)
        super().connection_made(self._writer)  # type: ignore[arg-type]  # it has the methods of a transport
        self._caller = CallerConnection()
        self._extensions = {
            WHOLE_REQUEST: {"body": self._whole_body},
            WHOLE_RESPONSE: {"send": self._send_whole},
            CALLER_CONNECTION: self._caller,
        }
        self._start_request_timer()
        self._is_draining = getattr(self.server_state, "is_draining", False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._caller.is_closed = True  # so that its pending database steps are dropped
        self._stop_request_timer()
        if self._idle_timer is not None:
            self._idle_timer.cancel()
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

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MAXIMUM_HEAD:
            self._refuse(HEAD_TOO_LARGE)
            raise BoundExceededError
        if self._in_head:  # fields after the body are trailers, not headers (RFC 9110 6.5.1)
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        if len(self.pipeline) >= MAXIMUM_PIPELINED:
            self._refuse(b"")
            raise BoundExceededError
        self.scope["extensions"] = self._extensions  # type: ignore[typeddict-item]  # not an ASGI extension
        super().on_headers_complete()
        if self._is_draining:
            self._answer_last(self.cycle)

    def on_message_complete(self) -> None:
        self._in_head = self._is_complete = True
        self._head_bytes = self._request_bytes = 0
        self._stop_request_timer()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what httptools cannot parse.

        Uvicorn also calls this after a `BoundExceededError`, when the connection is already closed.
        """
        if not self.transport.is_closing():
            self.transport.write(NOT_HTTP)
            self.transport.close()

    def on_response_complete(self) -> None:
        """Do what Uvicorn does, but with one timer for the idle time of a connection."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._last_answer = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._close_if_idle)

    def drain(self) -> None:
        """Close the connection after one more response, which says so (RFC 9112 section 9.6)."""
        self._is_draining = True
        if self.cycle is not None and not self.cycle.response_started:
            self._answer_last(self.cycle)

    def close_if_idle(self) -> None:
        """Close the connection unless a request is in progress on it."""
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if not is_answering and not self._request_bytes and not self.transport.is_closing():
            self.transport.close()

    def _answer_last(self, cycle: RequestResponseCycle) -> None:
        """Make this the last response, instead of one for an earlier request."""
        previous, self._last_one = self._last_one, None
        if previous is not None and previous is not cycle and not previous.response_started:
            previous.keep_alive = True
        if cycle.keep_alive:
            cycle.keep_alive = False
            self._last_one = cycle

    def _close_if_idle(self) -> None:
        is_answering = self.cycle is not None and not self.cycle.response_complete
        remaining = self._last_answer + self.timeout_keep_alive - self.loop.time()
        if is_answering or not self._is_complete:
            remaining = self.timeout_keep_alive
        if remaining > 0:
            self._idle_timer = self.loop.call_later(remaining, self._close_if_idle)
        elif not self.transport.is_closing():
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
        if answer and not self.pipeline and self._may_answer():
            self.transport.write(answer)
        self.transport.close()

    def _may_answer(self) -> bool:
        if self.cycle is None:
            return True
        return self.cycle.response_complete if self._in_head else not self.cycle.response_started

    def _whole_body(self, scope: Scope) -> bytes | None:
        """Return the body of a request if all of it has arrived, as `receive` would, or None."""
        cycle = self.cycle
        if cycle.scope is not scope or cycle.more_body or cycle.disconnected:
            return None  # another scope: another request has arrived behind this one
        if cycle.response_started or cycle.waiting_for_100_continue:
            return None
        if self.flow.read_paused:
            self.flow.resume_reading()
        cycle.message_event.clear()  # set again when the response or the connection ends
        body, cycle.body = bytes(cycle.body), bytearray()
        return body

    def _send_whole(self, scope: Scope, status: int, header_lines: bytes, body: bytes) -> bool:
        """Send a complete response in one step, where Uvicorn takes two.

        Return False if Uvicorn has to send it. Uvicorn searches every header for line breaks. The
        headers of our own responses are constants and numbers; the responses of FastAPI's routes
        still go that way.
        """
        cycle = self.cycle
        if cycle.scope is not scope or cycle.response_started or cycle.disconnected:
            return False  # another scope: another request has arrived behind this one
        if not cycle.keep_alive or self.flow.write_paused or scope["method"] == "HEAD":
            return False
        default_lines = [b"%b: %b\r\n" % header for header in cycle.default_headers]
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        self._writer.write_whole(
            b"".join((STATUS_LINE[status], *default_lines, header_lines, b"\r\n", body))
        )
        cycle.message_event.set()
        cycle.on_response()
        return True
