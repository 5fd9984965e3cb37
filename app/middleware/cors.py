"""Cross-origin requests (the Fetch standard): what a browser's application may call.

Protocol endpoints answer the origins that clients registered, and never with credentials. What is
public says so itself, pages and everything else say nothing.
"""

from collections.abc import Awaitable, Callable, Collection

from app.middleware.http import Headers, HttpResponse, Scope

IsKnown = Callable[[str], Awaitable[bool]]
ORIGIN = b"origin"
ASKED_METHOD = b"access-control-request-method"
NOTHING: Headers = ()
PREFLIGHT = (
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"authorization, content-type, dpop"),
    (b"access-control-max-age", b"600"),
)
EXPOSED = (b"access-control-expose-headers", b"www-authenticate, retry-after, dpop-nonce")


class Cors:
    """`paths` answer registered origins, `public_paths` everybody."""

    def __init__(
        self, is_known: IsKnown, *, paths: Collection[str], public_paths: Collection[str]
    ) -> None:
        self._is_known = is_known
        self._paths = frozenset(paths)
        self._public_paths = frozenset(public_paths)

    async def headers_for(self, scope: Scope) -> Headers:
        """What the answer to a request of another origin carries; nothing for anybody else."""
        if scope["path"] not in self._paths:
            return NOTHING
        origin = _header(scope, ORIGIN)
        if origin is None:
            return NOTHING
        vary = (b"vary", b"Origin")
        if not await self._is_known(origin.decode("latin-1")):
            return (vary,)
        return ((b"access-control-allow-origin", origin), EXPOSED, vary)

    def preflight(self, scope: Scope, headers: Headers) -> HttpResponse | None:
        """The answer to the question that a browser asks before a request; None for any other.

        `headers` are those of `headers_for`.
        """
        if scope["method"] != "OPTIONS" or _header(scope, ASKED_METHOD) is None:
            return None
        if scope["path"] in self._public_paths:
            return HttpResponse(204, b"", ((b"access-control-allow-origin", b"*"), *PREFLIGHT))
        is_allowed = any(name == b"access-control-allow-origin" for name, _ in headers)
        return HttpResponse(204, b"", PREFLIGHT) if is_allowed else None


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    for name, value in scope["headers"]:
        if name == wanted:
            found: bytes = value
            return found
    return None
