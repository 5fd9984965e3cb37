"""Whose word counts about where a request comes from."""

from typing import Any

import pytest

from app.middleware.forwarded import ForwardedFor

PROXIES = ("10.0.0.0/8", "fd00::/8")


def client_of(
    peer: str,
    *values: str,
    trusted: tuple[str, ...] = PROXIES,
    header: str = "x-forwarded-for",
    sent: str | None = None,
) -> str:
    """The address that the server goes by, for a peer and the headers that it sent."""
    scope: dict[str, Any] = {
        "client": (peer, 40_000),
        "headers": [((sent or header).encode(), value.encode()) for value in values],
    }
    ForwardedFor(trusted, header=header, warns=False).apply(scope)
    address: str = scope["client"][0]
    return address


def test_the_header_of_a_trusted_proxy_is_used() -> None:
    assert client_of("10.1.2.3", "203.0.113.9") == "203.0.113.9"


def test_the_header_of_an_untrusted_peer_is_ignored() -> None:
    """SECURITY_BAR row 24"""
    assert client_of("198.51.100.7", "203.0.113.9") == "198.51.100.7"


def test_entries_that_the_caller_prepended_to_the_chain_are_ignored() -> None:
    """SECURITY_BAR row 24: each proxy appends, so the chain is read from the right"""
    assert client_of("10.1.2.3", "127.0.0.1, 203.0.113.9, 10.9.9.9") == "203.0.113.9"
    assert client_of("10.1.2.3", "127.0.0.1", "203.0.113.9") == "203.0.113.9"


@pytest.mark.parametrize(
    "value",
    [
        "", "unknown", "203.0.113.9:1234, x", "not an address", "203.0.113.9:", "203.0.113.9:port",
        "203.0.113.9:123456", "[203.0.113.9]", "[2001:db8::5", "[2001:db8::5]443", "2001:db8::5]",
        '"203.0.113.9', "[]", "[]:443", '""', ":443", "203.0.113.9:\u0664",
    ],
)  # fmt: skip
def test_a_value_that_is_not_an_ip_is_ignored(value: str) -> None:
    assert client_of("10.1.2.3", value) == "10.1.2.3"


def test_ipv6_is_supported() -> None:
    assert client_of("fd00::1", "2001:db8::5") == "2001:db8::5"


def test_without_trusted_proxies_the_header_is_ignored() -> None:
    """SECURITY_BAR row 24"""
    assert client_of("127.0.0.1", "203.0.113.9", trusted=()) == "127.0.0.1"


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("203.0.113.9:52044", "203.0.113.9"),
        ("[2001:db8::5]", "2001:db8::5"),
        ("[2001:db8::5]:52044", "2001:db8::5"),
        ('"203.0.113.9:52044"', "203.0.113.9"),
        ('"[2001:db8::5]:52044"', "2001:db8::5"),
        ("203.0.113.9:52044, 10.9.9.9:443", "203.0.113.9"),
        ('10.9.9.9, "[2001:db8::5]:1", [fd00::9]:2', "2001:db8::5"),
    ],
)
def test_ports_brackets_and_quotes_are_parsed(value: str, address: str) -> None:
    """SECURITY_BAR row 24: some proxies write the port of the caller too"""
    assert client_of("10.1.2.3", value) == address


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("for=203.0.113.9", "203.0.113.9"),
        ('For="203.0.113.9:52044";proto=https;by=10.1.1.1', "203.0.113.9"),
        ('proto=https; for="[2001:db8::5]:52044" ;host="a,b;c"', "2001:db8::5"),
        ("for=192.0.2.1, for=203.0.113.9, for=10.9.9.9", "203.0.113.9"),
        (r'for="203\.0.113.9"', "203.0.113.9"),
        ('for="[2001:db8::5]:_gate";;', "2001:db8::5"),
    ],
)
def test_the_forwarded_header_is_used_when_configured(value: str, address: str) -> None:
    """RFC 7239 section 4; SECURITY_BAR row 24"""
    assert client_of("10.1.2.3", value, header="forwarded") == address


@pytest.mark.parametrize(
    "value",
    [
        "", "203.0.113.9", "for=unknown", "for=_hidden", "by=203.0.113.9", "for=", "for",
        "for=203.0.113.9;for=203.0.113.8", "for=203.0.113.9 for=203.0.113.8", 'for="203.0.113.9',
    ],
)  # fmt: skip
def test_a_malformed_forwarded_element_is_ignored(value: str) -> None:
    """RFC 7239 section 4: an element has one `for`"""
    assert client_of("10.1.2.3", value, header="forwarded") == "10.1.2.3"


@pytest.mark.parametrize("forged", ['for="', 'for="x, ', 'for="\\', '"', "for=1.2.3.4;x="])
def test_an_unclosed_quote_of_the_caller_does_not_hide_the_entry_of_the_proxy(forged: str) -> None:
    """SECURITY_BAR row 24: the proxy appended the address that it saw"""
    value = f"{forged}, for=203.0.113.9"

    assert client_of("10.1.2.3", value, header="forwarded") == "203.0.113.9"


def test_only_the_configured_header_is_read() -> None:
    """SECURITY_BAR row 24: a proxy passes the other one on as the caller sent it"""
    as_usual = client_of("10.1.2.3", "for=203.0.113.9", sent="forwarded")
    by_standard = client_of("10.1.2.3", "203.0.113.9", header="forwarded", sent="x-forwarded-for")

    assert (as_usual, by_standard) == ("10.1.2.3", "10.1.2.3")
