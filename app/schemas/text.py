"""Types of text and URIs in bodies."""

import re
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, StringConstraints

from app.security import display_names
from app.security.text import is_scope, is_storable

_EXECUTED = {"javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source"}
_EXECUTED |= {"jscript", "livescript", "mocha", "mhtml", "mk", "wyciwyg"}
_OF_BROWSERS = {"intent", "chrome", "resource", "res", "jar", "android-app", "market", "itms"}
_OF_BROWSERS |= {"itms-apps", "search", "search-ms", "shell", "feed", "webcal", "geo"}
_OF_OTHER_PROGRAMS = {"mailto", "tel", "sms", "smsto", "mms", "sip", "sips", "callto", "facetime"}
_OF_OTHER_PROGRAMS |= {"ftp", "ftps", "sftp", "ssh", "telnet", "tn3270", "rlogin", "smb", "cifs"}
_OF_OTHER_PROGRAMS |= {"afp", "nfs", "ldap", "ldaps", "imap", "news", "nntp", "gopher", "ws", "wss"}
FORBIDDEN_SCHEMES = frozenset(_EXECUTED | _OF_BROWSERS | _OF_OTHER_PROGRAMS)
"""Schemes that a browser executes, or that open something other than the client's app."""
FORBIDDEN_PREFIX = "ms-"
"""Schemes of Windows and Office: settings, search, documents on other hosts."""
MAXIMUM_HOST = 253
WEB_HOST = re.compile(r"(.*@)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?")
"""Any other characters could have a meaning in a Content-Security-Policy."""


def _storable(value: str) -> str:
    if not is_storable(value):
        raise ValueError("must not contain control characters")
    return value


def _displayable(value: str) -> str:
    problem = display_names.problem_with(value)
    if problem is not None:
        raise ValueError(problem)
    return value


def _scope(value: str) -> str:
    names = value.split(" ")
    if not is_scope(value) or (value and "" in names):
        raise ValueError("must be names separated by single spaces (RFC 6749 section 3.3)")
    return " ".join(dict.fromkeys(names))


def _redirect_uri(value: str) -> str:
    """Require an absolute URI of the client's app, without fragment (RFC 6749 section 3.1.2)."""
    parts = _split_uri(value)
    scheme = parts.scheme
    if not scheme or scheme in FORBIDDEN_SCHEMES or scheme.startswith(FORBIDDEN_PREFIX):
        raise ValueError("must be an https URL, or an absolute URI with a scheme of your own app")
    if parts.scheme in ("http", "https") and not parts.hostname:
        raise ValueError("must be an absolute URI with a host")
    if "#" in value:
        raise ValueError("must not have a fragment (RFC 6749 section 3.1.2)")
    if "@" in parts.netloc:
        raise ValueError("must not contain a username")
    return value


def _web_uri(value: str) -> str:
    parts = _split_uri(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http or https URL")
    if "@" in parts.netloc:
        raise ValueError("must not contain a username")
    return value


def _logout_uri(value: str) -> str:
    if "#" in _web_uri(value):
        raise ValueError("must not have a fragment (Front-Channel and Back-Channel Logout 1.0)")
    return value


def _https_uri(value: str) -> str:
    if not _web_uri(value).startswith("https://"):
        raise ValueError("must be an https URL")
    return value


def _split_uri(value: str) -> SplitResult:
    if not value.isascii() or not value.isprintable() or " " in value or "\\" in value:
        raise ValueError("must be a URI of printable ASCII")
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ValueError("must be a URI") from None
    if parts.scheme in ("http", "https") and not WEB_HOST.fullmatch(parts.netloc):
        raise ValueError("must have a host")
    if len(parts.hostname or "") > MAXIMUM_HOST:
        raise ValueError("must have a host of at most 253 characters")
    return parts


Text = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_storable)]
Name = Annotated[Text, AfterValidator(_displayable)]
Scope = Annotated[str, AfterValidator(_scope)]
RedirectUri = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_redirect_uri)]
WebUri = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_web_uri)]
HttpsUri = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_https_uri)]
LogoutUri = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_logout_uri)]
