"""Read request bodies as a whole, within a size and a time, before anything handles them."""

import asyncio
import time

from app.concurrency.deadline import not_counted, postpone
from app.errors import PosternError
from app.middleware.http import WHOLE_REQUEST, Message, Receive, Scope, WholeRequest


class BodyTooLargeError(PosternError):
    error = "invalid_request"
    status = 413
    title = "Content Too Large"


class BodyTimeoutError(PosternError):
    error = "invalid_request"
    status = 408
    title = "Request Timeout"

    def headers(self) -> dict[str, str]:
        return {"connection": "close"}


class ClientGoneError(Exception):
    """The client disconnected before its body was complete, so no response is sent."""


class BodyReader:
    """Reader of request bodies of at most `limit` bytes.

    Once a body has begun, the rest must arrive within `timeout` seconds. The server handles bodies
    that never begin and heads that never end: see `app.server.http_protocol`.
    """

    def __init__(self, *, limit: int, timeout: float) -> None:
        self._limit = limit
        self._timeout = timeout

    def read_at_once(self, scope: Scope) -> bytes | None:
        """Return the body if all of it has arrived, or None if it must be awaited.

        Raises `BodyTooLargeError`.
        """
        extension = (scope.get("extensions") or {}).get(WHOLE_REQUEST)
        if extension is None:
            return None
        whole_body: WholeRequest = extension["body"]
        body = whole_body(scope)
        if body is not None and len(body) > self._limit:
            raise BodyTooLargeError
        return body

    async def read(self, scope: Scope, receive: Receive) -> bytes:
        """Wait for the whole body and return it.

        Raises `BodyTooLargeError`, `BodyTimeoutError` or `ClientGoneError`.
        """
        content_length = _announced_length(scope)
        if content_length == 0:
            return b""
        if content_length is not None and content_length > self._limit:
            raise BodyTooLargeError
        started_at = time.perf_counter()
        message = await receive()
        postpone(time.perf_counter() - started_at)
        body = self._part_of(message)
        if not message.get("more_body", False):
            return body
        try:
            with not_counted():
                async with asyncio.timeout(self._timeout):
                    return await self._read_on(body, receive)
        except TimeoutError:
            raise BodyTimeoutError from None

    async def _read_on(self, body: bytes, receive: Receive) -> bytes:
        while True:
            message = await receive()
            body += self._part_of(message, already=len(body))
            if not message.get("more_body", False):
                return body

    def _part_of(self, message: Message, *, already: int = 0) -> bytes:
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        part: bytes = message.get("body", b"")
        if already + len(part) > self._limit:
            raise BodyTooLargeError
        return part


def replaying(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that delivers the whole body once and then waits for the disconnect."""
    delivered = False

    async def receive_again() -> Message:
        nonlocal delivered
        if delivered:
            return await receive()
        delivered = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


def _announced_length(scope: Scope) -> int | None:
    """Return the Content-Length, 0 without a body, or None if the length is not known yet."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else None
        if name == b"transfer-encoding":
            return None
    return 0
