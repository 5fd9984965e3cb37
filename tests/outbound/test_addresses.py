"""Which addresses a stranger's URL may lead to."""

import pytest

from app.outbound.ip_addresses import is_public


@pytest.mark.parametrize(
    "address",
    [
        "93.184.216.34",
        "8.8.8.8",
        "2606:4700:4700::1111",
        "::ffff:8.8.8.8",
        "2002:808:808::1",
        "64:ff9b::808:808",
    ],
)
def test_a_globally_routable_ip_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("127.0.0.1", id="loopback"),
        pytest.param("127.255.255.254", id="end of loopback"),
        pytest.param("::1", id="loopback of IPv6"),
        pytest.param("0.0.0.0", id="unspecified"),
        pytest.param("::", id="unspecified of IPv6"),
        pytest.param("10.1.2.3", id="private 10"),
        pytest.param("172.16.0.1", id="private 172"),
        pytest.param("172.31.255.255", id="end of private 172"),
        pytest.param("192.168.1.1", id="private 192"),
        pytest.param("100.64.0.1", id="shared by carriers"),
        pytest.param("169.254.169.254", id="metadata service"),
        pytest.param("169.254.170.2", id="metadata of containers"),
        pytest.param("100.100.100.200", id="metadata of another cloud"),
        pytest.param("192.0.0.192", id="metadata of a third"),
        pytest.param("fd00:ec2::254", id="metadata of IPv6"),
        pytest.param("fe80::1", id="link-local of IPv6"),
        pytest.param("fe80::1%eth0", id="link-local with a zone"),
        pytest.param("fc00::1", id="unique local"),
        pytest.param("fec0::1", id="site-local"),
        pytest.param("192.0.0.8", id="of protocols"),
        pytest.param("192.0.2.1", id="documentation"),
        pytest.param("198.51.100.1", id="documentation 2"),
        pytest.param("203.0.113.1", id="documentation 3"),
        pytest.param("2001:db8::1", id="documentation of IPv6"),
        pytest.param("3fff::1", id="newer documentation of IPv6"),
        pytest.param("192.88.99.1", id="relays of 6to4"),
        pytest.param("198.18.0.1", id="benchmarks"),
        pytest.param("224.0.0.1", id="multicast"),
        pytest.param("239.1.2.3", id="multicast of a site"),
        pytest.param("ff02::1", id="multicast of IPv6"),
        pytest.param("ff0e::1", id="global multicast of IPv6"),
        pytest.param("240.0.0.1", id="reserved"),
        pytest.param("255.255.255.255", id="broadcast"),
        pytest.param("100::1", id="discard"),
        pytest.param("5f00::1", id="segment routing"),
        pytest.param("::ffff:127.0.0.1", id="mapped loopback"),
        pytest.param("::ffff:a9fe:a9fe", id="mapped metadata service"),
        pytest.param("::ffff:0:127.0.0.1", id="translated loopback"),
        pytest.param("::127.0.0.1", id="compatible loopback"),
        pytest.param("::7f00:1", id="compatible loopback in hex"),
        pytest.param("2002:7f00:1::1", id="6to4 of loopback"),
        pytest.param("2002:a9fe:a9fe::1", id="6to4 of the metadata service"),
        pytest.param("64:ff9b::7f00:1", id="NAT64 of loopback"),
        pytest.param("64:ff9b::a00:1", id="NAT64 of a private address"),
        pytest.param("64:ff9b:1::808:808", id="local NAT64"),
        pytest.param("2001:0:4136:e378:8000:63bf:80ff:fffe", id="Teredo"),
        pytest.param("no address", id="no address"),
        pytest.param("2130706433", id="a number"),
    ],
)
def test_every_other_ip_is_not_public(address: str) -> None:
    """SECURITY_BAR row 43"""
    assert not is_public(address)
