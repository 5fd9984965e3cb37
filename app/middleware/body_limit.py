"""Bodies arrive whole, within a size and a time, before anything looks at them."""

import asyncio

from app.errors import PosternError
from app.middleware.http import Headers, Message, Receive


class BodyTooLargeError(PosternError):
    error = "invalid_request"
    status = 413
    title = "Content Too Large"


class BodyTimeoutError(PosternError):
    error = "invalid_request"
    status = 408
    title = "Request Timeout"

    def headers(self) -> dict[str, str]:
        return {"Connection": "close"}


class ClientGoneError(Exception):
    """The client hung up before its body was complete; nobody waits for an answer."""


class BodyReader:
    """Reads at most `limit` bytes in at most `timeout` seconds."""

    def __init__(self, *, limit: int, timeout: float) -> None:
        self._limit = limit
        self._timeout = timeout

    async def read(self, headers: Headers, receive: Receive) -> bytes:
        """Raises `BodyTooLargeError`, `BodyTimeoutError` or `ClientGoneError`."""
        self._check_announced(headers)
        try:
            async with asyncio.timeout(self._timeout):
                return await self._collect(receive)
        except TimeoutError:
            raise BodyTimeoutError from None

    async def _collect(self, receive: Receive) -> bytes:
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            part: bytes = message.get("body", b"")
            body += part
            if len(body) > self._limit:
                raise BodyTooLargeError
            if not message.get("more_body", False):
                return body

    def _check_announced(self, headers: Headers) -> None:
        for name, value in headers:
            if name == b"content-length" and value.isdigit() and int(value) > self._limit:
                raise BodyTooLargeError


def replaying(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the whole body once and then waits for the disconnect."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
