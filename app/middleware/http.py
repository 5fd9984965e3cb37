"""A request and an answer as small values, for the endpoints that both lanes call.

They are named tuples because each request makes some: a frozen dataclass takes three times as long.
"""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, NamedTuple

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]


class HttpRequest(NamedTuple):
    """A request whose body has arrived. Names of headers are in lower case."""

    method: str
    path: str
    query: bytes
    headers: Headers
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        """The value of a header, the first if it is repeated."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    def all_of(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.headers if key == name]


class HttpResponse(NamedTuple):
    status: int
    body: bytes
    headers: Headers

    def messages(self) -> tuple[Message, Message]:
        """The two messages of ASGI that send it."""
        return (
            {"type": "http.response.start", "status": self.status, "headers": self.headers},
            {"type": "http.response.body", "body": self.body},
        )


Endpoint = Callable[[HttpRequest], Awaitable[HttpResponse]]
ErrorRenderer = Callable[[Exception, str], HttpResponse]
"""Makes the answer for an error that happened at a path."""
