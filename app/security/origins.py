"""Web origins as browsers serialize them (RFC 6454 section 6.2)."""

import re
from urllib.parse import urlsplit

LOOPBACK_ORIGINS = frozenset({"http://127.0.0.1", "http://[::1]", "http://localhost"})
DEFAULT_PORTS = {"http": 80, "https": 443}
_PORT = re.compile(r"(?P<host>.+):[1-9][0-9]{0,4}")


def web_origin_of(uri: str) -> str | None:
    """Return the `Origin` header sent by a page at a URI, or None if it is not an HTTP(S) URI.

    Browsers write the host in lower case and omit the default port of the scheme.
    """
    parts = urlsplit(uri)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    is_default = parts.port is None or parts.port == DEFAULT_PORTS[parts.scheme]
    return f"{parts.scheme}://{host}" if is_default else f"{parts.scheme}://{host}:{parts.port}"


def registered_origins_of(uri: str) -> frozenset[str]:
    """Return the origins registered with a redirect URI.

    The port of a loopback redirect URI is not fixed (RFC 8252 section 7.3), so its origin is also
    registered without the port.
    """
    origin = web_origin_of(uri)
    if origin is None:
        return frozenset()
    loopback = loopback_origin_of(origin)
    if loopback is None or not uri.startswith(loopback):  # in capitals, the port is fixed
        return frozenset({origin})
    return frozenset({origin, loopback})


def loopback_origin_of(origin: str) -> str | None:
    """Return a loopback origin without its port, or None for any other origin."""
    match = _PORT.fullmatch(origin)
    without_port = match["host"] if match is not None else origin
    return without_port if without_port in LOOPBACK_ORIGINS else None
