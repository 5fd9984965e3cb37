"""Cross-origin requests (the Fetch standard): what a browser's application may call.

What is public and registration answer every origin, protocol endpoints the origins that clients
registered, pages and everything else none; never with credentials.
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
"""Names of headers (RFC 9110 section 5.6.2) and what stands between them."""


class CrossOrigin(Enum):
    """Which origins may call an endpoint from a browser."""

    ANY = "any"
    REGISTERED = "registered"
    NONE = "none"


ANY, NONE = CrossOrigin.ANY, CrossOrigin.NONE
"""As constants: Python 3.11 takes 0.5 microseconds to read a member of an enumeration."""


class CorsPolicy(NamedTuple):
    """The origins and the methods of one path."""

    cross_origin: CrossOrigin
    methods: tuple[str, ...]


class Cors:
    """`policies` are those of paths, `below` those of whatever is one step below a path.

    A path that is in neither answers no other origin.
    """

    def __init__(
        self,
        is_known: IsKnown,
        *,
        policies: Mapping[str, CorsPolicy],
        below: Mapping[str, CorsPolicy],
    ) -> None:
        self._is_known = is_known
        self._policies = dict(policies)
        self._below = {f"{path}/": policy for path, policy in below.items()}

    async def headers_for(self, scope: Scope) -> Headers:
        """What the answer to a request of another origin carries; nothing for anybody else."""
        policy = self._policy_of(scope["path"])
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
        """The answer to the question that a browser asks before a request; None for any other.

        `headers` are those of `headers_for`, and are sent with the answer.
        """
        if scope["method"] != "OPTIONS" or _header(scope, ASKED_METHOD) is None:
            return None
        policy = self._policy_of(scope["path"])
        if policy is None or not any(name == ALLOW_ORIGIN for name, _ in headers):
            return None
        methods = ", ".join(policy.methods).encode()
        allowed = (
            (b"access-control-allow-methods", methods),
            (b"access-control-allow-headers", _allowed_headers(scope)),
            MAX_AGE,
        )
        return HttpResponse(204, b"", allowed)

    def _policy_of(self, path: str) -> CorsPolicy | None:
        policy = self._policies.get(path)
        if policy is not None:
            return policy
        parent, slash, name = path.rpartition("/")
        return self._below.get(parent + slash) if name else None


def _allowed_headers(scope: Scope) -> bytes:
    """Return the names that the browser asked for: which headers clients add is not ours to know.

    What is too long or does not consist of names is answered with the usual ones.
    """
    asked = _header(scope, ASKED_HEADERS)
    if asked is None or len(asked) > MAXIMUM_ASKED_HEADERS or not _NAMES.fullmatch(asked):
        return USUAL_HEADERS
    names = [name.strip() for name in asked.split(b",")]
    return b", ".join(name for name in names if name and b" " not in name and b"\t" not in name)


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    for name, value in scope["headers"]:
        if name == wanted:
            found: bytes = value
            return found
    return None
