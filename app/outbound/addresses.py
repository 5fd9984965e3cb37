"""Which addresses the server may be sent to by a URL that a stranger wrote."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")
SITE_LOCAL = ipaddress.IPv6Network("fec0::/10")


def is_public(text: str) -> bool:
    """False for loopback, link-local, private, shared, multicast and reserved addresses, and for
    IPv6 addresses that carry such an IPv4 address."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        return _is_public_ipv6(address)
    return _is_global(address)


def _is_public_ipv6(address: ipaddress.IPv6Address) -> bool:
    if address in NAT64_LOCAL or address in SITE_LOCAL:
        return False
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address.teredo is not None:
        inner = address.teredo[1]
    if inner is None and (address in NAT64 or int(address) >> 32 == 0):
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return _is_global(inner)
    return _is_global(address)


def _is_global(address: Address) -> bool:
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )
