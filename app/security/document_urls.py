"""Client identifiers that are URLs of documents (draft-ietf-oauth-client-id-metadata-document).

Columns and keys hold at most 255 characters. A longer URL is stored as a digest of itself, so that
it needs no other column; `Client.identifier` is what clients send and see.
"""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import SplitResult, unquote, urlsplit

from app.security.origins import DEFAULT_PORTS

SCHEME = "https://"
MAXIMUM_LENGTH = 2048
MAXIMUM_STORED = 255
DIGEST = "https:sha256:"
"""Beginning of the stored form of a long URL, which no URL with a host has."""
LONG_URL = re.compile(rf"{DIGEST}[A-Za-z0-9_-]{{43}}")
"""The stored form of a long URL, in any text."""
DOT_SEGMENTS = frozenset({".", ".."})
FORBIDDEN = frozenset(' "<>\\^`{|}')
NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)
"""The last label of a host that parsers may read as an IPv4 address."""
HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")


def is_document_url(client_id: str) -> bool:
    """Return whether a client identifier is the URL of a document. No other one begins so."""
    return client_id.startswith(SCHEME)


def is_of_document(stored: str) -> bool:
    """Return whether a stored identifier is that of a client with a document."""
    return stored.startswith((SCHEME, DIGEST))


def stored_client_id(client_id: str) -> str:
    """Return the form of a client identifier in columns and keys."""
    if len(client_id) <= MAXIMUM_STORED or not is_document_url(client_id):
        return client_id
    return DIGEST + urlsafe_b64encode(sha256(client_id.encode()).digest()).decode().rstrip("=")


def host_in(url: str) -> str:
    """Return the host of a URL that was checked, in lower case and without the port."""
    return (urlsplit(url).hostname or "").rstrip(".")


def host_name(text: str) -> str | None:
    """Return a host as it is compared, or None if the text is not the name of one."""
    name = text.strip().lower().rstrip(".")
    return name if HOST.fullmatch(name) and len(name) <= MAXIMUM_STORED else None


def problem_with(url: str, *, issuer: str) -> str | None:
    """Return why a URL cannot be the identifier of a client, for the log; None if it can."""
    if len(url) > MAXIMUM_LENGTH:
        return f"the URL is longer than {MAXIMUM_LENGTH} characters"
    if not url.isascii() or not url.isprintable() or set(url) & FORBIDDEN:
        return "the URL has characters that are not allowed"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "the URL cannot be parsed"
    if parts.scheme != "https" or not url.startswith(SCHEME):
        return "the URL is not https"
    if "@" in parts.netloc:
        return "the URL has user information"
    if "#" in url:
        return "the URL has a fragment"
    return (
        _problem_with_host(parts, port)
        or _problem_with_path(parts)
        or ("the URL is of this server" if _origin_of(url) == _origin_of(issuer) else None)
    )


def _origin_of(url: str) -> tuple[str, str, int | None]:
    """Return the origin of a URL; a dot at the end of a host leads to the same server."""
    parts = urlsplit(url)
    return parts.scheme, host_in(url), parts.port or DEFAULT_PORTS.get(parts.scheme)


def _problem_with_host(parts: SplitResult, port: int | None) -> str | None:
    host = (parts.hostname or "").rstrip(".")
    if not host or port == 0:
        return "the URL has no host"
    if "%" in host or ":" in host or "[" in parts.netloc or NUMBER.fullmatch(host.split(".")[-1]):
        return "the host of the URL is an IP address"
    if len(host) > MAXIMUM_STORED:
        return "the host of the URL is too long"
    return None


def _problem_with_path(parts: SplitResult) -> str | None:
    if parts.path in ("", "/"):
        return "the URL has no path"
    if any(unquote(segment) in DOT_SEGMENTS for segment in parts.path.split("/")):
        return "the path of the URL has dot segments"
    return None
