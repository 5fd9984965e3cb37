"""Which redirect URI is one that a client registered, as far as it is comparing text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.models.clients.clients import Client
from app.oauth.redirect_uris import (
    app_scheme_of,
    host_of,
    hostname_of,
    is_loopback,
    is_registered,
    is_sure_of_its_client,
    origin_of,
    with_parameters,
)
from tests.support.clients import client_with

ON_THE_WEB = "https://app.example.com/callback"


def client_of(*redirect_uris: str, is_public: bool = False) -> Client:
    method = "none" if is_public else "client_secret_basic"
    made = client_with()._replace(
        redirect_uris=" ".join(redirect_uris), token_endpoint_auth_method=method
    )
    return Client(*made)


@pytest.mark.parametrize(
    "asked",
    [
        "https://app.example.com/callback/",
        "https://app.example.com/Callback",
        "https://APP.example.com/callback",
        "HTTPS://app.example.com/callback",
        "http://app.example.com/callback",
        "https://app.example.com:443/callback",
        "https://app.example.com/callback?",
        "https://app.example.com/callback?x=1",
        "https://app.example.com/callback#x",
        "https://app.example.com/./callback",
        "https://app.example.com/a/../callback",
        "https://app.example.com/%63allback",
        "https://app.example.com/callback/../../evil",
        "https://app.example.com@evil.example/callback",
        "https://user@app.example.com/callback",
        "https://app.example.com.evil.example/callback",
        "https://app.example.com\\@evil.example/callback",
        "//app.example.com/callback",
        " https://app.example.com/callback",
        "https://app.example.com/callback\n",
        "https://app.example.com/call",
        "",
    ],
)
def test_a_web_redirect_uri_must_match_exactly(asked: str) -> None:
    """SECURITY_BAR row 26; RFC 9700 section 2.1"""
    client = client_of(ON_THE_WEB)

    assert is_registered(client, ON_THE_WEB)
    assert not is_registered(client, asked)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
@pytest.mark.parametrize("port", ["", ":0", ":1", ":3000", ":65535"])
def test_the_port_of_a_loopback_redirect_uri_may_vary(host: str, port: str) -> None:
    """RFC 8252 section 7.3"""
    for registered in (f"http://{host}/cb?x=1", f"http://{host}:8080/cb?x=1"):
        assert is_registered(client_of(registered), f"http://{host}{port}/cb?x=1")


@pytest.mark.parametrize(
    "asked",
    [
        "http://127.0.0.1:3000/other",
        "http://127.0.0.1:3000/cb/",
        "http://127.0.0.1:3000/cb?x=1",
        "http://127.0.0.1:3000/cb#x",
        "http://127.0.0.1:3000/cb?",
        "https://127.0.0.1:3000/cb",
        "HTTP://127.0.0.1:3000/cb",
        "http://localhost:3000/cb",
        "http://[::1]:3000/cb",
        "http://127.0.0.2:3000/cb",
        "http://127.1:3000/cb",
        "http://2130706433:3000/cb",
        "http://0x7f000001/cb",
        "http://127.0.0.1.evil.example:3000/cb",
        "http://127.0.0.1:3000@evil.example/cb",
        "http://evil.example@127.0.0.1:3000/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:-1/cb",
        "http://127.0.0.1:x/cb",
        "http://127.0.0.1:3000\\@evil.example/cb",
        "http://127.0.0.1:3000 /cb",
        "http://127.0.0.1:3000/cb\t",
        "http://127.0.0.1:3000/c\nb",
        "http://127.0.0.1:\u0663/cb",
        "http://\u0031\u0032\u0037.0.0.\uff11/cb",
    ],
)
def test_nothing_but_the_port_of_a_loopback_redirect_uri_may_vary(asked: str) -> None:
    """SECURITY_BAR row 26"""
    assert not is_registered(client_of("http://127.0.0.1/cb"), asked)


def test_the_port_of_a_redirect_uri_with_another_host_must_match() -> None:
    assert not is_registered(client_of("http://app.example.com/cb"), "http://app.example.com:81/cb")


def test_one_of_several_redirect_uris_must_match_and_without_any_none_matches() -> None:
    assert is_registered(client_of("http://localhost/a", ON_THE_WEB), "http://localhost:9/a")
    assert not is_registered(client_of(), ON_THE_WEB)
    assert not is_registered(client_of(), "")


@given(st.text(max_size=60))
@pytest.mark.slow
def test_arbitrary_text_is_not_a_registered_redirect_uri(text: str) -> None:
    """SECURITY_BAR row 44"""
    client = client_of("http://127.0.0.1/cb", "com.example.app:/cb")

    assert not is_registered(client, text)
    assert not is_registered(client, f"http://{text}/cb") or "127.0.0.1" in text


@pytest.mark.parametrize(
    ("uri", "is_one"),
    [
        ("http://localhost:1/", True),
        ("http://[::1]/", True),
        ("http://127.0.0.1", True),
        ("https://localhost/", False),
        ("http://localhost.evil.example/", False),
        ("http://[::1].evil.example/", False),
        ("http://[::1/", False),
        ("http://LOCALHOST/", False),
        ("com.example.app:/cb", False),
    ],
)
def test_a_loopback_redirect_uri_has_the_http_scheme_and_a_loopback_host(
    uri: str, is_one: bool
) -> None:
    assert is_loopback(uri) == is_one


@pytest.mark.parametrize(
    ("uri", "is_public", "is_sure"),
    [
        ("https://app.example.com/cb", True, True),
        ("http://localhost/cb", True, False),
        ("com.example.app:/cb", True, False),
        ("http://localhost/cb", False, True),
        ("com.example.app:/cb", False, True),
    ],
)
def test_a_public_client_without_a_web_redirect_uri_can_be_impersonated(
    uri: str, is_public: bool, is_sure: bool
) -> None:
    """RFC 8252 section 8.6"""
    assert is_sure_of_its_client(client_of(uri, is_public=is_public), uri) == is_sure


@pytest.mark.parametrize(
    ("uri", "origin", "host"),
    [
        ("https://app.example.com/cb?x=1", "https://app.example.com", "app.example.com"),
        ("http://localhost:3000/cb", "http://localhost:3000", "localhost:3000"),
        ("http://[::1]:3000/cb", "http://[::1]:3000", "[::1]:3000"),
        ("com.example.app:/cb", "com.example.app:", ""),
    ],
)
def test_the_origin_and_host_of_a_redirect_uri_are_extracted(
    uri: str, origin: str, host: str
) -> None:
    assert origin_of(uri) == origin
    assert host_of(uri) == host


@pytest.mark.parametrize(
    ("uri", "in_fragment", "expected"),
    [
        ("https://a.example/cb", False, "https://a.example/cb?code=x+%26y&state=%23"),
        ("https://a.example/cb?z=[1]", False, "https://a.example/cb?z=[1]&code=x+%26y&state=%23"),
        ("https://a.example/cb?z=1", True, "https://a.example/cb?z=1#code=x+%26y&state=%23"),
        ("com.example.app:/cb", False, "com.example.app:/cb?code=x+%26y&state=%23"),
    ],
)
def test_adding_parameters_leaves_the_rest_of_the_uri_unchanged(
    uri: str, in_fragment: bool, expected: str
) -> None:
    """RFC 6749 section 3.1.2"""
    parameters = {"code": "x &y", "state": "#"}

    assert with_parameters(uri, parameters, in_fragment=in_fragment) == expected


def test_adding_no_parameters_leaves_the_uri_unchanged() -> None:
    assert with_parameters(ON_THE_WEB, {}) == ON_THE_WEB


@pytest.mark.parametrize(
    ("uri", "scheme", "hostname"),
    [
        ("https://app.example.com:8443/cb", "", "app.example.com"),
        ("http://localhost:3000/cb", "", "localhost"),
        ("com.evil.app://accounts.google.com/cb", "com.evil.app", None),
        ("cursor://anysphere.cursor-mcp/cb", "cursor", None),
        ("app.immich:///oauth-callback", "app.immich", None),
    ],
)
def test_only_a_web_uri_has_a_hostname(uri: str, scheme: str, hostname: str | None) -> None:
    """RFC 8252 section 7.1; OpenID Connect Core section 8.1"""
    assert app_scheme_of(uri) == scheme
    assert hostname_of(uri) == hostname
