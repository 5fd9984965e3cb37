"""The client's IP address, as forwarded by the proxies in TRUSTED_PROXIES only.

Only the header that the operator's proxy sets is read: `X-Forwarded-For` or `Forwarded` (RFC 7239).
The proxy passes the other one on as the client sent it.
"""

import ipaddress
import re
from collections.abc import Iterator, Sequence

from app.middleware.http import Headers, Scope
from app.observability.logging import logger

log = logger(__name__)

FORWARDED = "forwarded"
PORT = re.compile(r":(?:\d{1,5}|_[A-Za-z0-9._-]+)", re.ASCII)
PAIR = re.compile(r'[\s;]*([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^\s;,"]+)\s*(?:;|$)', re.ASCII)


class TrustedNetworks:
    """The proxies in TRUSTED_PROXIES."""

    def __init__(self, proxies: Sequence[str]) -> None:
        self._networks = [ipaddress.ip_network(proxy, strict=False) for proxy in proxies]

    def include(self, address: str) -> bool:
        if not self._networks:
            return False
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        mapped = parsed.ipv4_mapped if parsed.version == 6 else None  # a dual-stack socket
        return any((mapped or parsed) in network for network in self._networks)


class ForwardedFor:
    """Resolver of the client's IP address behind trusted proxies.

    With `warns`, the first such header from any other peer is logged: if that peer is a proxy,
    every limit per IP address counts all its users as one.
    """

    def __init__(self, trusted_proxies: Sequence[str], *, header: str, warns: bool) -> None:
        self._is_trusted = TrustedNetworks(trusted_proxies).include
        self._header = header.encode()
        self._is_standard = header == FORWARDED
        self._warns = warns

    def apply(self, scope: Scope) -> None:
        """Put the client's address into the scope if a trusted proxy forwarded it."""
        client = scope.get("client")
        if not client:
            return
        if not self._is_trusted(client[0]):
            if self._warns:
                self._warn_once(client[0], scope["headers"])
            return
        address = self._nearest_stranger(scope["headers"])
        if address is not None:
            scope["client"] = (address, 0)

    def _nearest_stranger(self, headers: Headers) -> str | None:
        """Return the last address in the header that is not a trusted proxy's, if it is valid.

        Each proxy appends the address of its peer, so the header is read from the right.
        """
        lines = [value.decode("latin-1") for name, value in headers if name == self._header]
        for line in reversed(lines):
            for element in _from_the_right(line):
                address = _address_in(_node_of(element) if self._is_standard else element)
                if address is None:
                    return None
                if not self._is_trusted(address):
                    return address
        return None

    def _warn_once(self, peer: str, headers: Headers) -> None:
        if any(name == self._header for name, _ in headers):
            self._warns = False
            log.warning(
                "a request from %s has the header %s, but that IP address is not in "
                "TRUSTED_PROXIES: if it is your proxy, all users behind it share the same rate "
                "limits. Set TRUSTED_PROXIES to the IP addresses of your proxies",
                peer,
                self._header.decode(),
            )


def _from_the_right(line: str) -> Iterator[str]:
    """Yield the elements of a list, the last one first. Commas in quotes do not separate.

    A quote that the client never closed affects only what the client wrote.
    """
    end, is_quoted = len(line), False
    for position in range(len(line) - 1, -1, -1):
        char = line[position]
        if char == '"' and not _is_escaped(line, position):
            is_quoted = not is_quoted
        elif char == "," and not is_quoted:
            yield line[position + 1 : end]
            end = position
    yield line[:end]


def _is_escaped(line: str, position: int) -> bool:
    prefix = line[:position]
    return (len(prefix) - len(prefix.rstrip("\\"))) % 2 == 1


def _node_of(element: str) -> str:
    """Return the value of `for` in an element of `Forwarded` (RFC 7239 section 4).

    Return "" if it is missing, repeated or malformed.
    """
    element = element.strip(" \t;")
    nodes, position = [], 0
    while position < len(element):
        pair = PAIR.match(element, position)
        if pair is None:
            return ""
        if pair[1].lower() == "for":
            nodes.append(pair[2])
        position = pair.end()
    return nodes[0] if len(nodes) == 1 else ""


def _address_in(text: str) -> str | None:
    """Return the IP address of a node without its quotes, brackets and port.

    Return None for anything else, including `unknown` and the `_names` of RFC 7239 section 6.
    """
    node = text.strip()
    if len(node) > 1 and node[0] == node[-1] == '"':
        node = re.sub(r"\\(.)", r"\1", node[1:-1]).strip()
    host, port = node, ""
    if node.startswith("["):
        host, bracket, port = node[1:].partition("]")
        if not bracket or ":" not in host:
            return None
    elif node.count(":") == 1:
        host, _, port = node.partition(":")
        port = f":{port}"
    if port and PORT.fullmatch(port) is None:
        return None
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return None
    return host
