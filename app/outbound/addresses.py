"""Which addresses the server may be sent to by a URL that a stranger wrote."""

import ipaddress
import socket

GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All of IPv6 that is given to anybody; what else there is means something special."""
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # of protocols, partly global by the registry
        "192.88.99.0/24",  # relays of 6to4
        "3fff::/20",  # documentation, which older releases of Python do not know
    )
)


def is_public(text: str) -> bool:
    """False for loopback, link-local, private, shared, multicast and reserved addresses, and for
    IPv6 addresses that carry such an IPv4 address."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return _is_global(address)
    inner = _carried_by(address)
    if inner is not None:
        return _is_global(inner)
    return address in GLOBAL_UNICAST and _is_global(address)


def literal_address(host: str) -> str | None:
    """The address that a host of a URL is, in any spelling that resolvers understand; None for a
    name."""
    try:
        return str(ipaddress.ip_address(host.strip("[]").partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def _carried_by(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address to which a packet for this one really goes."""
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _is_global(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in NEVER)
    )
