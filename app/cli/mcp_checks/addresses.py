"""Where MCP clients look for metadata, and how they compare addresses."""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from app.oauth.protected_resources import WELL_KNOWN

OAUTH = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"


def origin_of(url: str) -> str:
    """Return the scheme, host and port in lower case, without the default port."""
    parts = _split(url)
    default = {"https": 443, "http": 80}.get(parts.scheme.lower())
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port not in (None, default) else ""
    return f"{parts.scheme.lower()}://{host}{port}"


def resource_metadata_addresses(url: str) -> list[str]:
    """Return where clients look without a hint: for the path of the server, then for its origin."""
    path = _split(url).path.rstrip("/")
    at_root = f"{origin_of(url)}{WELL_KNOWN}"
    return [f"{at_root}{path}", at_root] if path else [at_root]


def server_metadata_addresses(issuer: str) -> list[str]:
    """Return where clients look for the metadata of an authorization server, in their order."""
    origin, path = origin_of(issuer), _split(issuer).path.rstrip("/")
    if not path:
        return [f"{origin}{OAUTH}", f"{origin}{OPENID}"]
    return [f"{origin}{OAUTH}{path}", f"{origin}{OPENID}{path}", f"{origin}{path}{OPENID}"]


def is_same_resource(one: str, other: str) -> bool:
    """Return whether two URLs differ at most in upper case of the host and one final slash."""
    return _comparable(one) == _comparable(other)


def is_parent(resource: str, url: str) -> bool:
    """Return whether a URL is below a resource; the SDKs accept that, strict clients don't."""
    if origin_of(resource) != origin_of(url):
        return False
    return f"{_split(url).path}/".startswith(f"{_split(resource).path.rstrip('/')}/")


def is_web_address(url: str) -> bool:
    """Return whether a text is an http or https URL with a host and without a fragment."""
    parts = _split(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.fragment


def is_protected(url: str) -> bool:
    """Return whether an address uses https, or http on this machine."""
    parts = _split(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _comparable(url: str) -> str:
    parts = _split(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{origin_of(url)}{parts.path.rstrip('/')}{query}"


def _split(url: str) -> SplitResult:
    """Return the parts of a URL that a server has sent, all empty if it is malformed."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises, too
    except ValueError:
        return urlsplit("")
    return parts
