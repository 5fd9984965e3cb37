"""Headers that every answer carries, unless the route said something of its own."""

from app.middleware.http import Headers

API_POLICY = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
YEAR = b"max-age=31536000; includeSubDomains"


class SecurityHeaders:
    def __init__(self, *, is_production: bool) -> None:
        always = [(b"x-content-type-options", b"nosniff")]
        if is_production:  # in development it would pin localhost to https
            always.append((b"strict-transport-security", YEAR))
        self._always = tuple(always)

    def added_to(self, headers: Headers, *, request_id: str) -> Headers:
        """The route's own headers, and ours; a page has a policy of its own and may be cached."""
        has_policy = has_cache_control = False
        for name, _ in headers:
            if name == b"content-security-policy":
                has_policy = True
            elif name == b"cache-control":
                has_cache_control = True
        complete = [*headers, *self._always, (b"x-request-id", request_id.encode("ascii"))]
        if not has_policy:
            complete.append((b"content-security-policy", API_POLICY))
        if not has_cache_control:
            complete.append((b"cache-control", b"no-store"))
        return complete
