"""A request and an answer as small values, for the endpoints that both lanes call."""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request whose body has arrived. Names of headers are in lower case."""

    method: str
    path: str
    query: bytes
    headers: Headers
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        for key, value in self.headers:
            if key == name:
                return value
        return None

    def is_repeated(self, name: bytes) -> bool:
        return sum(key == name for key, _ in self.headers) > 1


@dataclass(frozen=True, slots=True)
class HttpResponse:
    status: int
    body: bytes
    headers: Headers


Endpoint = Callable[[HttpRequest], Awaitable[HttpResponse]]
ErrorRenderer = Callable[[Exception, str], HttpResponse]
"""Makes the answer for an error that happened at a path."""
