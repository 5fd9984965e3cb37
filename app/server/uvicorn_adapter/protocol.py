"""Uvicorn's HTTP protocol, extended by whole requests, whole responses and a graceful end."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from app.concurrency.deadline import CallerConnection
from app.middleware.http import CALLER_CONNECTION, WHOLE_REQUEST, WHOLE_RESPONSE, Scope
from app.server.transport import OneWriteTransport


class UvicornProtocol(HttpToolsProtocol):
    """HTTP protocol of a connection that reads and writes in as few steps as possible.

    It sends the head and the body of a response in one write, which saves one system call per
    request, and has one timer for the idle time of a connection instead of one per request. A
    subclass knows httptools' callbacks, `loop` and `transport`, but nothing else of Uvicorn's.
    """

    _is_complete = True
    """Whether the last request has arrived completely. The subclass keeps it."""
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
        self._is_draining = getattr(self.server_state, "is_draining", False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._caller.is_closed = True  # so that its pending database steps are dropped
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        self.scope["extensions"] = self._extensions  # type: ignore[typeddict-item]  # not an ASGI extension
        super().on_headers_complete()
        if self._is_draining:
            self._answer_last(self.cycle)

    def _put_into_scope(self, name: str, value: object) -> None:
        """Put a value into the scope of the request whose headers have arrived."""
        self.scope[name] = value  # type: ignore[literal-required]  # not of ASGI

    def send_400_response(self, msg: str) -> None:
        self._on_parser_error()

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

    def _on_parser_error(self) -> None:
        """Close the connection, because httptools cannot parse what arrived or was stopped."""
        self.transport.close()

    def _pipelined_requests(self) -> int:
        """Return how many requests wait for the response to an earlier one."""
        return len(self.pipeline)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _may_answer(self, *, is_new_request: bool) -> bool:
        """Return whether a response can be written without breaking one to an earlier request."""
        if self.cycle is None:
            return True
        return self.cycle.response_complete if is_new_request else not self.cycle.response_started

    def _answer_last(self, cycle: RequestResponseCycle) -> None:
        """Make this the last response, instead of one for an earlier request."""
        previous, self._last_one = self._last_one, None
        if previous is not None and previous is not cycle and not previous.response_started:
            previous.keep_alive = True
        if cycle.keep_alive:
            cycle.keep_alive = False
            self._last_one = cycle

    def _close_if_idle(self) -> None:
        remaining = self._last_answer + self.timeout_keep_alive - self.loop.time()
        if self._is_answering() or not self._is_complete:
            remaining = self.timeout_keep_alive
        if remaining > 0:
            self._idle_timer = self.loop.call_later(remaining, self._close_if_idle)
        elif not self.transport.is_closing():
            self.transport.close()

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
