"""Upper bound of the rate: Uvicorn with an application that does nothing."""

from collections.abc import Awaitable, Callable
from typing import Any

BODY = b'{"message":"hello"}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]
REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def app(
    scope: dict[str, Any], receive: object, send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
