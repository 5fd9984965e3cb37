"""Where a request comes from, by the word of the proxies in TRUSTED_PROXIES only."""

import ipaddress
from collections.abc import Sequence

from app.middleware.http import Headers, Scope


class ForwardedFor:
    """Puts the caller's own address into the scope where a trusted proxy forwarded it."""

    def __init__(self, trusted_proxies: Sequence[str]) -> None:
        self._trusted = [ipaddress.ip_network(each, strict=False) for each in trusted_proxies]

    def apply(self, scope: Scope) -> None:
        client = scope.get("client")
        if not self._trusted or not client or not self._is_trusted(client[0]):
            return
        address = self._nearest_stranger(scope["headers"])
        if address is not None:
            scope["client"] = (address, 0)

    def _nearest_stranger(self, headers: Headers) -> str | None:
        """Read from the right: each proxy appended the address that it saw itself."""
        chain = [
            part.strip()
            for name, value in headers
            if name == b"x-forwarded-for"
            for part in value.decode("latin-1").split(",")
        ]
        for address in reversed(chain):
            if not _is_address(address):
                return None
            if not self._is_trusted(address):
                return address
        return None

    def _is_trusted(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        mapped = parsed.ipv4_mapped if parsed.version == 6 else None  # a socket for both kinds
        return any((mapped or parsed) in network for network in self._trusted)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
