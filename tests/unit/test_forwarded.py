"""Whose word counts about where a request comes from."""

from typing import Any

import pytest

from app.middleware.forwarded import ForwardedFor

PROXIES = ("10.0.0.0/8", "fd00::/8")


def client_of(peer: str, *forwarded: str, trusted: tuple[str, ...] = PROXIES) -> str:
    """The address that the server goes by, for a peer and the headers that it sent."""
    scope: dict[str, Any] = {
        "client": (peer, 40_000),
        "headers": [(b"x-forwarded-for", value.encode()) for value in forwarded],
    }
    ForwardedFor(trusted).apply(scope)
    address: str = scope["client"][0]
    return address


def test_a_trusted_proxy_is_believed() -> None:
    assert client_of("10.1.2.3", "203.0.113.9") == "203.0.113.9"


def test_anybody_else_is_not() -> None:
    """SECURITY_BAR row 24"""
    assert client_of("198.51.100.7", "203.0.113.9") == "198.51.100.7"


def test_what_the_caller_put_in_front_of_the_chain_does_not_count() -> None:
    """SECURITY_BAR row 24: each proxy appends, so the chain is read from the right"""
    assert client_of("10.1.2.3", "127.0.0.1, 203.0.113.9, 10.9.9.9") == "203.0.113.9"
    assert client_of("10.1.2.3", "127.0.0.1", "203.0.113.9") == "203.0.113.9"


@pytest.mark.parametrize("value", ["", "unknown", "203.0.113.9:1234, x", "not an address"])
def test_what_is_no_address_changes_nothing(value: str) -> None:
    assert client_of("10.1.2.3", value) == "10.1.2.3"


def test_ipv6_is_understood() -> None:
    assert client_of("fd00::1", "2001:db8::5") == "2001:db8::5"


def test_without_proxies_nobody_is_believed() -> None:
    """SECURITY_BAR row 24"""
    assert client_of("127.0.0.1", "203.0.113.9", trusted=()) == "127.0.0.1"
