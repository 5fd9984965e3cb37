"""Checks of the IP addresses that a URL from an untrusted party may lead to."""

import ipaddress
import socket

GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""The allocated unicast space of IPv6; all other addresses have a special meaning."""
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments, listed as partly global in the registry
        "192.88.99.0/24",  # 6to4 relays
        "3fff::/20",  # documentation, unknown to older releases of Python
    )
)


def is_public(text: str) -> bool:
    """Return False for loopback, link-local, private, shared, multicast and reserved addresses, and
    for IPv6 addresses that embed such an IPv4 address."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return _is_global(address)
    embedded = _carried_by(address)
    if embedded is not None:
        return _is_global(embedded)
    return address in GLOBAL_UNICAST and _is_global(address)


def literal_address(host: str) -> str | None:
    """Return the IP address written as a URL's host, in any notation that resolvers accept, or
    None for a name."""
    try:
        return str(ipaddress.ip_address(host.strip("[]").partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def _carried_by(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the embedded IPv4 address, to which packets for this address are sent."""
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
