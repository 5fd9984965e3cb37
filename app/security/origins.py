"""Origins as browsers write them (RFC 6454 section 6.2)."""

import re
from urllib.parse import urlsplit

LOOPBACK_ORIGINS = frozenset({"http://127.0.0.1", "http://[::1]", "http://localhost"})
DEFAULT_PORTS = {"http": 80, "https": 443}
_PORT = re.compile(r"(?P<host>.+):[1-9][0-9]{0,4}")


def web_origin_of(uri: str) -> str | None:
    """The `Origin` header of a page there; None for what is not on the web.

    A browser writes the host in lower case and leaves out the port of the scheme.
    """
    parts = urlsplit(uri)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    is_usual = parts.port is None or parts.port == DEFAULT_PORTS[parts.scheme]
    return f"{parts.scheme}://{host}" if is_usual else f"{parts.scheme}://{host}:{parts.port}"


def registered_origins_of(uri: str) -> frozenset[str]:
    """Return the origins by which the page behind a redirect URI is known.

    The port of a loopback address is free (RFC 8252 section 7.3), so its origin is known without
    one, too.
    """
    origin = web_origin_of(uri)
    if origin is None:
        return frozenset()
    loopback = loopback_origin_of(origin)
    if loopback is None or not uri.startswith(loopback):  # in capitals it is not free
        return frozenset({origin})
    return frozenset({origin, loopback})


def loopback_origin_of(origin: str) -> str | None:
    """Return an origin of this computer without its port; None for any other."""
    match = _PORT.fullmatch(origin)
    without_port = match["host"] if match is not None else origin
    return without_port if without_port in LOOPBACK_ORIGINS else None
