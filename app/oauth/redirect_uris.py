"""Which redirect URI a request may name (RFC 9700 section 2.1, RFC 8252 section 7.3).

URIs are compared character by character. Only the port of a loopback address is free, since a
native application takes the one that it gets.
"""

from collections.abc import Mapping
from urllib.parse import SplitResult, urlencode, urlsplit

from app.models.clients import Client

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


def is_registered(client: Client, redirect_uri: str) -> bool:
    """Whether a client registered this URI."""
    if redirect_uri in client.redirect_uri_list:
        return True
    asked = _loopback(redirect_uri)
    return asked is not None and any(
        _same_but_for_the_port(asked, registered)
        for each in client.redirect_uri_list
        if (registered := _loopback(each)) is not None
    )


def is_loopback(uri: str) -> bool:
    return _loopback(uri) is not None


def is_sure_of_its_client(client: Client, redirect_uri: str) -> bool:
    """Whether nobody else could receive what is sent there (RFC 8252 section 8.6)."""
    return not client.is_public or redirect_uri.startswith("https://")


def with_parameters(uri: str, parameters: Mapping[str, str], *, in_fragment: bool = False) -> str:
    """A URI with more parameters; what it has already stays as it is, to the letter."""
    if not parameters:
        return uri
    if in_fragment:
        return f"{uri}#{urlencode(parameters)}"
    separator = "&" if "?" in uri else "?"
    return f"{uri}{separator}{urlencode(parameters)}"


def origin_of(uri: str) -> str:
    """What a Content-Security-Policy calls the receiver of a redirect."""
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.netloc}"


def host_of(uri: str) -> str:
    """How a person knows the receiver: its host, or the scheme of an app."""
    parts = urlsplit(uri)
    return parts.netloc or parts.scheme


def _loopback(uri: str) -> SplitResult | None:
    """The parts of a plain http URI of this computer; None for any other."""
    if not uri.startswith("http://") or not uri.isascii() or not uri.isprintable():
        return None
    if any(char in uri for char in "\\# @"):
        return None
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts if _host_in(parts) in LOOPBACK_HOSTS else None


def _host_in(parts: SplitResult) -> str:
    """The host as it is spelled; a name in other letters is another name."""
    host = parts.netloc.rpartition("]")[0].lstrip("[") if "[" in parts.netloc else ""
    return host or parts.netloc.partition(":")[0]


def _same_but_for_the_port(asked: SplitResult, registered: SplitResult) -> bool:
    return (_host_in(asked), asked.path, asked.query) == (
        _host_in(registered),
        registered.path,
        registered.query,
    )
