"""A request and a response as small values, for the endpoints that both lanes call.

They are named tuples because each request creates some: a frozen dataclass takes three times as
long.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, NamedTuple

from app.security.client_certificates import ClientCertificate

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]

WHOLE_REQUEST = "postern.whole_request"
"""Name of an ASGI extension. Its `body` takes the scope and returns the whole body, or None if it
has not arrived yet: then it is read from ASGI messages."""

WHOLE_RESPONSE = "postern.whole_response"
"""Name of an ASGI extension. Its `send` takes the scope and the status, header lines and body of a
response, and sends it at once. It returns False if it cannot: then ASGI messages are needed."""

WholeRequest = Callable[[Scope], bytes | None]
WholeResponse = Callable[[Scope, int, bytes, bytes], bool]

CALLER_CONNECTION = "postern.caller_connection"
"""Name of an ASGI extension: a `CallerConnection`, which says whether the client disconnected."""

IS_HEAD = "postern.is_head"
"""Key in the scope of a HEAD request, which a route sees as GET."""

CLIENT_CERTIFICATE = "postern.client_certificate"
"""Key in the scope of a request whose client presented a certificate: a `ClientCertificate`."""

NONE_REPEATED: frozenset[bytes] = frozenset()


class HttpRequest(NamedTuple):
    """A request whose body has arrived. Header names are in lower case.

    For a repeated header, `headers` has the last value, and `repeated` has the name. `certificate`
    is what the client presented, by TLS or through a trusted proxy; it is not verified.
    """

    method: str
    path: str
    query: bytes
    headers: Mapping[bytes, bytes]
    repeated: frozenset[bytes]
    body: bytes
    certificate: ClientCertificate | None

    @classmethod
    def of(cls, scope: Scope, body: bytes) -> "HttpRequest":
        pairs = scope["headers"]
        headers = dict(pairs)
        repeated = _repeated(pairs) if len(headers) != len(pairs) else NONE_REPEATED
        return cls(
            scope["method"],
            scope["path"],
            scope["query_string"],
            headers,
            repeated,
            body,
            scope.get(CLIENT_CERTIFICATE),
        )


class HttpResponse(NamedTuple):
    status: int
    body: bytes
    headers: Headers


Endpoint = Callable[[HttpRequest], Awaitable[HttpResponse]]
RenderError = Callable[[Exception, str], HttpResponse]
"""Function that returns the response for an error raised at a path."""


def _repeated(pairs: Headers) -> frozenset[bytes]:
    counts = Counter(name for name, _ in pairs)
    return frozenset(name for name, count in counts.items() if count > 1)
