"""Which redirect URI a request may name (RFC 9700 section 2.1, RFC 8252 section 7.3).

URIs are compared character by character. Only the port of a loopback address is free, since a
native application takes the one that it gets.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from app.models.clients import Client
from app.security.origins import web_origin_of

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
WEB_SCHEMES = frozenset({"http", "https"})
MAXIMUM_PORT = 65_535
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\]|localhost)(?::([0-9]{1,5}))?([/?].*)?")


def is_registered(client: Client, redirect_uri: str) -> bool:
    """Whether a client registered this URI."""
    if redirect_uri in client.redirect_uri_list:
        return True
    asked = _loopback(redirect_uri)
    return asked is not None and asked in map(_loopback, client.redirect_uri_list)


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
    if parts.scheme not in WEB_SCHEMES:
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.netloc}"


def home_of(client: Client, redirect_uri: str = "") -> str | None:
    """Return where a user may go back to a client from an error page, or None.

    That is its home page if an administrator approved the client or it is on the origin of a
    registered https redirect URI; else that origin, of `redirect_uri` if that is registered.
    """
    web = [uri for uri in client.redirect_uri_list if uri.startswith("https://")]
    origins = [web_origin_of(uri) for uri in web]
    home = client.further_metadata.get("client_uri")
    if home and (client.trust != "none" or web_origin_of(home) in origins):
        return str(home)
    if redirect_uri in web:
        origins.insert(0, web_origin_of(redirect_uri))
    return f"{origins[0]}/" if origins and origins[0] is not None else None


def host_of(uri: str) -> str:
    """Return the host that a user goes back to, or "" for the scheme of an app.

    The host part of a private-use scheme is text that the app chose; nobody answers there.
    """
    parts = urlsplit(uri)
    return parts.netloc if parts.scheme in WEB_SCHEMES else ""


def hostname_of(uri: str) -> str | None:
    """Return the host name of an http(s) URI, or None (OpenID Connect Core section 8.1)."""
    parts = urlsplit(uri)
    return parts.hostname if parts.scheme in WEB_SCHEMES else None


def app_scheme_of(uri: str) -> str:
    """Return the scheme by which an app on this device is started; "" for an http(s) URI."""
    scheme = urlsplit(uri).scheme
    return scheme if scheme not in WEB_SCHEMES else ""


def _loopback(uri: str) -> tuple[str, str] | None:
    """The host of a plain http URI of this computer and what follows its port; None for any other.

    The host is as it is spelled; a name in other letters is another name.
    """
    found = _LOOPBACK.fullmatch(uri)
    if found is None or not uri.isascii() or not uri.isprintable():
        return None
    if any(char in uri for char in "\\# @"):
        return None
    host, port, rest = found.groups(default="")
    return (host, rest) if int(port or 0) <= MAXIMUM_PORT else None
