"""Headers that every response has, unless the route set its own."""

from functools import lru_cache

from app.middleware.http import Headers

CLOSE = (b"connection", b"close")
API_POLICY = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
YEAR = b"max-age=31536000; includeSubDomains"


class SecurityHeaders:
    def __init__(self, *, is_production: bool) -> None:
        always = [(b"x-content-type-options", b"nosniff")]
        if is_production:  # in development this would pin localhost to https
            always.append((b"strict-transport-security", YEAR))
        self._always = tuple(always)
        self._constant_lines = lru_cache(maxsize=256)(self._make_constant_lines)

    def lines(self, headers: Headers, *, request_id: str) -> bytes | None:
        """Return the headers of `added_to` as lines, or None if they close the connection.

        Most responses differ only in the request id, so the lines of the other headers are cached.
        """
        constant = self._constant_lines(tuple(headers))
        if constant is None:
            return None
        return b"%bx-request-id: %b\r\n" % (constant, request_id.encode("ascii"))

    def added_to(self, headers: Headers, *, request_id: str) -> Headers:
        """Return the route's headers, and ours where the route did not set its own.

        A page has its own content security policy and may be cacheable.
        """
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
