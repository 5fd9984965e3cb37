"""Headers that every answer carries, unless the route said something of its own."""

from app.middleware.http import Headers

API_POLICY = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


class SecurityHeaders:
    def __init__(self, *, is_production: bool) -> None:
        self._defaults = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"content-security-policy", API_POLICY),
            (b"cache-control", b"no-store"),
        ]
        if is_production:  # in development it would pin localhost to https
            self._defaults.append(
                (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
            )

    def added_to(self, headers: Headers, *, request_id: bytes) -> list[tuple[bytes, bytes]]:
        complete = [*headers, (b"x-request-id", request_id)]
        for default in self._defaults:
            for name, _ in headers:
                if name == default[0]:
                    break
            else:
                complete.append(default)
        return complete
