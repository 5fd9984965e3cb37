"""Cross-origin requests (the Fetch standard): what an app in a browser may call.

Public resources and registration allow every origin, protocol endpoints the origins that clients
registered. Pages and everything else allow none. Credentials are never allowed.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import NamedTuple

from app.middleware.http import Headers, HttpResponse, Scope

IsKnown = Callable[[str], Awaitable[bool]]
ORIGIN = b"origin"
ASKED_METHOD = b"access-control-request-method"
ASKED_HEADERS = b"access-control-request-headers"
ALLOW_ORIGIN = b"access-control-allow-origin"
MAXIMUM_ASKED_HEADERS = 2048
NOTHING: Headers = ()
USUAL_HEADERS = b"authorization, content-type, dpop"
MAX_AGE = (b"access-control-max-age", b"600")
EXPOSED = (b"access-control-expose-headers", b"www-authenticate, retry-after, dpop-nonce")
VARY = (b"vary", b"Origin")
TO_ANY_ORIGIN: Headers = ((ALLOW_ORIGIN, b"*"), EXPOSED)
_NAMES = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z, \t]+")
"""Header names (RFC 9110 section 5.6.2) and the separators between them."""


class CrossOrigin(Enum):
    """Which origins may call an endpoint from a browser."""

    ANY = "any"
    REGISTERED = "registered"
    NONE = "none"


ANY, NONE = CrossOrigin.ANY, CrossOrigin.NONE
"""Constants, because Python 3.11 takes 0.5 microseconds to read a member of an enumeration."""


class CorsPolicy(NamedTuple):
    """The allowed origins and methods of one path."""

    cross_origin: CrossOrigin
    methods: tuple[str, ...]


class Cors:
    """CORS headers and preflight responses.

    `policies` holds the policies of paths, `patterns` those of paths in which `*` is one segment.
    A path in neither allows no other origin.
    """

    def __init__(
        self,
        is_known: IsKnown,
        *,
        policies: Mapping[str, CorsPolicy],
        patterns: Mapping[str, CorsPolicy],
    ) -> None:
        self._is_known = is_known
        self._policies = dict(policies)
        self._patterns = [
            (before, after, policy)
            for path, policy in patterns.items()
            for before, _, after in [path.partition("*")]
        ]

    async def headers_for(self, scope: Scope) -> Headers:
        """Return the CORS headers of the response; empty if the path allows no other origin.

        An origin that no client registered gets only `Vary`.
        """
        path = scope["path"]
        policy = self._policies.get(path) or self._policy_by_pattern(path)
        if policy is None or policy.cross_origin is NONE:
            return NOTHING
        if policy.cross_origin is ANY:
            return TO_ANY_ORIGIN
        origin = _header(scope, ORIGIN)
        if origin is None:
            return NOTHING
        if not await self._is_known(origin.decode("latin-1")):
            return (VARY,)
        return ((ALLOW_ORIGIN, origin), EXPOSED, VARY)

    def preflight(self, scope: Scope, headers: Headers) -> HttpResponse | None:
        """Return the response to an allowed preflight request, or None for any other request.

        `headers` are those of `headers_for`; the caller adds them to the response.
        """
        if scope["method"] != "OPTIONS" or _header(scope, ASKED_METHOD) is None:
            return None
        path = scope["path"]
        policy = self._policies.get(path) or self._policy_by_pattern(path)
        if policy is None or not any(name == ALLOW_ORIGIN for name, _ in headers):
            return None
        methods = ", ".join(policy.methods).encode()
        allowed = (
            (b"access-control-allow-methods", methods),
            (b"access-control-allow-headers", _allowed_headers(scope)),
            MAX_AGE,
        )
        return HttpResponse(204, b"", allowed)

    def _policy_by_pattern(self, path: str) -> CorsPolicy | None:
        for before, after, policy in self._patterns:
            if path.startswith(before) and path.endswith(after):
                segment = path[len(before) : len(path) - len(after)]
                if segment and "/" not in segment:
                    return policy
        return None


def _allowed_headers(scope: Scope) -> bytes:
    """Return the header names that the browser requested, since clients may add any header.

    Return USUAL_HEADERS if the list is too long or does not consist of names.
    """
    requested = _header(scope, ASKED_HEADERS)
    if (
        requested is None
        or len(requested) > MAXIMUM_ASKED_HEADERS
        or not _NAMES.fullmatch(requested)
    ):
        return USUAL_HEADERS
    names = [name.strip() for name in requested.split(b",")]
    return b", ".join(name for name in names if name and b" " not in name and b"\t" not in name)


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    for name, value in scope["headers"]:
        if name == wanted:
            header: bytes = value
            return header
    return None
