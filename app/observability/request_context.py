"""Context of the current task: the request that it serves, or the operator who started it.

Stored in context variables, so that rate limits and the audit log get it without passing it
through every function.
"""

import ipaddress
import re
from collections.abc import MutableMapping, Sequence
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

MAXIMUM_ADDRESS = 64
MAXIMUM_SHOWN = 300
OUR_SECRETS = re.compile(r"postern_\w[\w.-]*|eyJ[\w-]{8,}\.[\w.-]*")
CLIENT_ID = "client_id"
USER_ID = "user_id"
BROWSER_SECRETS = "browser_secrets"
_request: ContextVar[MutableMapping[str, Any] | None] = ContextVar("request", default=None)
_actor: ContextVar[str | None] = ContextVar("actor", default=None)


def answer_to(scope: MutableMapping[str, Any]) -> None:
    """Set the current request of this task, by its ASGI scope."""
    _request.set(scope)
    if _actor.get() is not None:
        _actor.set(None)


def come_from_browser(secrets: Sequence[str]) -> None:
    """Store the browser's secrets of users who trust it."""
    scope = _request.get()
    if scope is not None:
        scope[BROWSER_SECRETS] = secrets


def browser_secrets() -> Sequence[str]:
    scope = _request.get()
    secrets: Sequence[str] = scope.get(BROWSER_SECRETS, ()) if scope is not None else ()
    return secrets


def act_as(actor: str) -> None:
    """Set on whose behalf this task acts, as in `operator:root`."""
    _actor.set(actor)


def actor() -> str | None:
    """Return on whose behalf this task acts, if not the user's own."""
    return _actor.get()


def address() -> str:
    """Return the caller's IP address, as reported by trusted proxies; "" without a request."""
    scope = _request.get()
    client = scope.get("client") if scope is not None else None
    return str(client[0])[:MAXIMUM_ADDRESS] if client else ""


def network() -> str:
    """Return what limits treat as one caller: an IPv4 address, or the /64 of an IPv6 address."""
    return network_of(address())


def network_of(address: str) -> str:
    """Return what limits treat as one caller, for an address that was stored earlier."""
    return _networks_of(address)[0]


def site() -> str | None:
    """Return the /48 of an IPv6 address, which one subscriber may own; None for other addresses."""
    return _networks_of(address())[1]


def wider_network() -> str:
    """Return the /24 of an IPv4 address or the /48 of an IPv6 address; "" without a request."""
    return _wider_network_of(address())


@lru_cache(maxsize=1024)
def _wider_network_of(address: str) -> str:
    network, site = _networks_of(address)
    if site is not None:
        return site
    try:
        return str(ipaddress.ip_network((network, 24), strict=False))
    except ValueError:
        return ""


@lru_cache(maxsize=1024)
def _networks_of(address: str) -> tuple[str, str | None]:
    """Return the network and the site of an address; an IPv4-mapped IPv6 address is IPv4."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address, None
    parsed = (parsed.ipv4_mapped or parsed) if parsed.version == 6 else parsed
    if parsed.version == 4:
        return str(parsed), None
    network, site = (ipaddress.ip_network((parsed, bits), strict=False) for bits in (64, 48))
    return str(network), str(site)


def name_client(client_id: str) -> None:
    """Store the client that the request names, for the log record of a refusal."""
    scope = _request.get()
    if scope is not None:
        scope[CLIENT_ID] = client_id


def name_user(user_id: str) -> None:
    """Store the user whose sign-in the request attempts, for the record of a refusal."""
    scope = _request.get()
    if scope is not None:
        scope[USER_ID] = user_id


def scope() -> MutableMapping[str, Any] | None:
    """Return the ASGI scope of the current request."""
    return _request.get()


def client_id() -> str | None:
    """Return the client that the request names, in a form safe for a log line, or None."""
    scope = _request.get()
    name = scope.get(CLIENT_ID) if scope is not None else None
    return loggable(name) if name is not None else None


def loggable(text: str) -> str:
    """Return caller input shortened and on one line, with our secrets replaced."""
    shown = OUR_SECRETS.sub("postern_...", text)[:MAXIMUM_SHOWN]
    return shown if shown.isprintable() else shown.encode("unicode_escape").decode("ascii")


def request_id() -> str:
    scope = _request.get()
    return str(scope.get("request_id", "")) if scope is not None else ""


def languages() -> list[str]:
    """Return the caller's language tags in the order of the `Accept-Language` header."""
    tags = (
        entry.partition(";")[0].strip().lower() for entry in _header(b"accept-language").split(",")
    )
    return [tag for tag in tags if tag][:10]


def _header(wanted: bytes) -> str:
    scope = _request.get()
    headers = (scope or {}).get("headers", ())
    content: bytes = next((value for name, value in headers if name == wanted), b"")
    return content.decode("latin-1")
