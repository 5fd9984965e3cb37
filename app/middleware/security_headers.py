"""Headers that every answer carries, unless the route said something of its own."""

from functools import lru_cache

from app.middleware.http import Headers

CLOSE = (b"connection", b"close")
API_POLICY = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
YEAR = b"max-age=31536000; includeSubDomains"


class SecurityHeaders:
    def __init__(self, *, is_production: bool) -> None:
        always = [(b"x-content-type-options", b"nosniff")]
        if is_production:  # in development it would pin localhost to https
            always.append((b"strict-transport-security", YEAR))
        self._always = tuple(always)
        self._constant_lines = lru_cache(maxsize=256)(self._make_constant_lines)

    def lines(self, headers: Headers, *, request_id: str) -> bytes | None:
        """The headers of `added_to` as lines; None where they close the connection.

        Most answers have the same headers apart from the request id, so the others are cached.
        """
        constant = self._constant_lines(tuple(headers))
        if constant is None:
            return None
        return b"%bx-request-id: %b\r\n" % (constant, request_id.encode("ascii"))

    def added_to(self, headers: Headers, *, request_id: str) -> Headers:
        """The route's own headers, and ours; a page has a policy of its own and may be cached."""
        return [*self._constant(headers), (b"x-request-id", request_id.encode("ascii"))]

    def _make_constant_lines(self, headers: tuple[tuple[bytes, bytes], ...]) -> bytes | None:
        if CLOSE in headers:
            return None
        return b"".join(b"%b: %b\r\n" % header for header in self._constant(headers))

    def _constant(self, headers: Headers) -> list[tuple[bytes, bytes]]:
        has_policy = has_cache_control = False
        for name, _ in headers:
            if name == b"content-security-policy":
                has_policy = True
            elif name == b"cache-control":
                has_cache_control = True
        complete = [*headers, *self._always]
        if not has_policy:
            complete.append((b"content-security-policy", API_POLICY))
        if not has_cache_control:
            complete.append((b"cache-control", b"no-store"))
        return complete
