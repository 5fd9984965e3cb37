"""Where what happens comes from: the request that is answered, or the operator at the shell.

Kept in the context of the task, so that limits and the audit log need not be told by everybody
in between.
"""

import ipaddress
import re
from collections.abc import MutableMapping, Sequence
from contextvars import ContextVar
from typing import Any

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

MAXIMUM_ADDRESS = 64
MAXIMUM_SHOWN = 300
OUR_SECRETS = re.compile(r"postern_\w[\w.-]*")
CLIENT_ID = "client_id"
BROWSER_SECRETS = "browser_secrets"
_request: ContextVar[MutableMapping[str, Any] | None] = ContextVar("request", default=None)
_actor: ContextVar[str | None] = ContextVar("actor", default=None)


def answer_to(scope: MutableMapping[str, Any]) -> None:
    """From now on this task answers a request, whose ASGI scope this is."""
    _request.set(scope)
    _actor.set(None)


def come_from_browser(secrets: Sequence[str]) -> None:
    """Note the secrets that the browser holds of users who trust it."""
    scope = _request.get()
    if scope is not None:
        scope[BROWSER_SECRETS] = secrets


def browser_secrets() -> Sequence[str]:
    scope = _request.get()
    secrets: Sequence[str] = scope.get(BROWSER_SECRETS, ()) if scope is not None else ()
    return secrets


def act_as(actor: str) -> None:
    """From now on this task does what somebody ordered, as in `operator:root`."""
    _actor.set(actor)


def actor() -> str | None:
    """Who ordered it, where that is not the person himself."""
    return _actor.get()


def address() -> str:
    """Of the caller, by the word of trusted proxies; "" where there is no request."""
    scope = _request.get()
    client = scope.get("client") if scope is not None else None
    return str(client[0])[:MAXIMUM_ADDRESS] if client else ""


def network() -> str:
    """What limits count as one caller: an IPv4 address, or the /64 of an IPv6 address."""
    parsed = _parsed_address()
    if parsed is None:
        return address()
    return str(parsed) if parsed.version == 4 else _network_around(parsed, 64)


def site() -> str | None:
    """Return the /48 around an IPv6 address, which one subscriber may hold; None for others."""
    parsed = _parsed_address()
    return _network_around(parsed, 48) if parsed is not None and parsed.version == 6 else None


def _parsed_address() -> IPAddress | None:
    """The address of the caller; an IPv4 address in the form that IPv6 sockets give it is one."""
    try:
        parsed = ipaddress.ip_address(address().partition("%")[0])
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if parsed.version == 6 else parsed


def _network_around(parsed: IPAddress, bits: int) -> str:
    return str(ipaddress.ip_network((parsed, bits), strict=False))


def name_client(client_id: str) -> None:
    """Note which client the request says it comes from; the log record of a refusal names it."""
    scope = _request.get()
    if scope is not None:
        scope[CLIENT_ID] = client_id


def scope() -> MutableMapping[str, Any] | None:
    """The ASGI scope of the request that is answered."""
    return _request.get()


def client_id() -> str | None:
    """The client of the request, as far as it is known, fit for a log line."""
    scope = _request.get()
    named = scope.get(CLIENT_ID) if scope is not None else None
    return loggable(named) if named is not None else None


def loggable(text: str) -> str:
    """What a caller sent, shortened and on one line; a secret of ours in the wrong place is left
    out."""
    shown = OUR_SECRETS.sub("postern_...", text)[:MAXIMUM_SHOWN]
    return shown if shown.isprintable() else shown.encode("unicode_escape").decode("ascii")


def request_id() -> str:
    scope = _request.get()
    return str(scope.get("request_id", "")) if scope is not None else ""


def languages() -> list[str]:
    """Language tags of the caller, in the order of his browser, which is that of his liking."""
    tags = (
        each.partition(";")[0].strip().lower() for each in _header(b"accept-language").split(",")
    )
    return [tag for tag in tags if tag][:10]


def _header(wanted: bytes) -> str:
    scope = _request.get()
    headers = (scope or {}).get("headers", ())
    found: bytes = next((value for name, value in headers if name == wanted), b"")
    return found.decode("latin-1")
