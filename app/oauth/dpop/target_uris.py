"""The URL that a proof is for: our own, as the issuer states it, whatever the Host header says."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

DEFAULT_PORTS = {"https": 443, "http": 80}
MAXIMUM_REMEMBERED = 1000
MAXIMUM_PATH = 2048
"""More characters than any path of ours has. Callers choose some of the paths, which are kept."""
_ALLOWED = re.compile(r"(?:[\w\-.~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+", re.ASCII)
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = re.compile(r"[\w\-.~]", re.ASCII)


class TargetUris:
    """The URLs of our endpoints below `bases`: the issuer, and further names of the same server."""

    def __init__(self, bases: Sequence[str]) -> None:
        self._bases = tuple(bases)
        self._known: dict[str, frozenset[str | None]] = {}

    def matches(self, htu: str, path: str) -> bool:
        """Return whether a URL is that of the endpoint at a path, without query and fragment."""
        if len(path) > MAXIMUM_PATH:
            return False
        uris = self._of(path)
        return htu in uris or normalised_uri(htu) in uris

    def _of(self, path: str) -> frozenset[str | None]:
        known = self._known.get(path)
        if known is not None:
            return known
        uris = frozenset(normalised_uri(base + path) for base in self._bases) - {None}
        if len(self._known) < MAXIMUM_REMEMBERED:
            self._known[path] = uris
        return uris


def normalised_uri(uri: str) -> str | None:
    """Return a URL without query and fragment in its normal form, or None if it has none.

    Normalised by syntax and scheme (RFC 3986 sections 6.2.2 and 6.2.3).
    """
    if not _ALLOWED.fullmatch(uri):
        return None
    try:
        parts = urlsplit(uri)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        return None
    if scheme not in DEFAULT_PORTS or not host or "@" in parts.netloc:
        return None
    host = _ENCODED.sub(_normal_octet, host).lower()
    shown_host = f"[{host}]" if ":" in host else host
    authority = shown_host if port in (None, DEFAULT_PORTS[scheme]) else f"{shown_host}:{port}"
    return f"{scheme}://{authority}{_normal_path(parts.path)}"


def _normal_path(path: str) -> str:
    segments: list[str] = []
    parts = _ENCODED.sub(_normal_octet, path).split("/")[1:]
    for segment in parts:
        if segment == "..":
            del segments[-1:]
        elif segment != ".":
            segments.append(segment)
    if parts and parts[-1] in (".", ".."):
        segments.append("")
    return "/" + "/".join(segments)


def _normal_octet(match: re.Match[str]) -> str:
    octet = match.group()
    character = chr(int(octet[1:], 16))
    return character if _UNRESERVED.fullmatch(character) else octet.upper()
