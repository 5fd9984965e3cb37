"""Matching of redirect URIs (RFC 9700 section 2.1, RFC 8252 section 7.3).

URIs are compared character by character, except for the port of a loopback address: a native
application listens on the port that the operating system assigns.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from app.models.clients.clients import Client
from app.security.origins import web_origin_of

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
WEB_SCHEMES = frozenset({"http", "https"})
MAXIMUM_PORT = 65_535
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\]|localhost)(?::([0-9]{1,5}))?([/?].*)?")


def is_registered(client: Client, redirect_uri: str) -> bool:
    """Return whether a client registered a URI; the port of a loopback URI is ignored."""
    if redirect_uri in client.redirect_uri_list:
        return True
    loopback = _loopback(redirect_uri)
    return loopback is not None and loopback in map(_loopback, client.redirect_uri_list)


def is_loopback(uri: str) -> bool:
    return _loopback(uri) is not None


def without_loopback_port(uri: str) -> str:
    """Return a URI in the form in which it is compared: a loopback port is left out."""
    loopback = _loopback(uri)
    return f"http://{''.join(loopback)}" if loopback is not None else uri


def is_sure_of_its_client(client: Client, redirect_uri: str) -> bool:
    """Return whether only this client can receive a response there (RFC 8252 section 8.6)."""
    return not client.is_public or redirect_uri.startswith("https://")


def with_parameters(uri: str, parameters: Mapping[str, str], *, in_fragment: bool = False) -> str:
    """Add parameters to a URI, which is not changed otherwise."""
    if not parameters:
        return uri
    if in_fragment:
        return f"{uri}#{urlencode(parameters)}"
    separator = "&" if "?" in uri else "?"
    return f"{uri}{separator}{urlencode(parameters)}"


def origin_of(uri: str) -> str:
    """Return the Content-Security-Policy source expression for the target of a redirect."""
    parts = urlsplit(uri)
    if parts.scheme not in WEB_SCHEMES:
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.netloc}"


def home_of(client: Client, redirect_uri: str = "") -> str | None:
    """Return the URL by which an error page leads the user back to a client, or None.

    That is the client's home page if an administrator approved the client, or if the page is on the
    origin of a registered https redirect URI. Otherwise it is that origin: of `redirect_uri` if
    this one is registered, else of the first one.
    """
    web = [uri for uri in client.redirect_uri_list if uri.startswith("https://")]
    origins = [web_origin_of(uri) for uri in web]
    home = client.registered_metadata.client_uri
    if home and (client.trust != "none" or web_origin_of(home) in origins):
        return home
    if redirect_uri in web:
        origins.insert(0, web_origin_of(redirect_uri))
    return f"{origins[0]}/" if origins and origins[0] is not None else None


def host_of(uri: str) -> str:
    """Return the host that a user is sent back to, or "" for the scheme of an app.

    The host part of a URI with a private-use scheme is arbitrary text, not a host.
    """
    parts = urlsplit(uri)
    return parts.netloc if parts.scheme in WEB_SCHEMES else ""


def hostname_of(uri: str) -> str | None:
    """Return the host name of an http(s) URI, or None (OpenID Connect Core section 8.1)."""
    parts = urlsplit(uri)
    return parts.hostname if parts.scheme in WEB_SCHEMES else None


def app_scheme_of(uri: str) -> str:
    """Return the scheme that starts an app on this device, or "" for an http(s) URI."""
    scheme = urlsplit(uri).scheme
    return scheme if scheme not in WEB_SCHEMES else ""


def _loopback(uri: str) -> tuple[str, str] | None:
    """Return the host of an http loopback URI and what follows the port, or None.

    The host is returned as it is spelled; the match is case-sensitive.
    """
    match = _LOOPBACK.fullmatch(uri)
    if match is None or not uri.isascii() or not uri.isprintable():
        return None
    if any(char in uri for char in "\\# @"):
        return None
    host, port, rest = match.groups(default="")
    return (host, rest) if int(port or 0) <= MAXIMUM_PORT else None
