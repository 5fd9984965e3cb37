"""Origins as browsers write them (RFC 6454 section 6.2)."""

from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}


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
