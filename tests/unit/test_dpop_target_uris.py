"""URLs of proofs are compared in their normal form (RFC 9449 section 4.3, RFC 3986 section 6.2)."""

import tracemalloc

import pytest

from app.oauth.dpop.target_uris import MAXIMUM_REMEMBERED, TargetUris, normalised_uri

ISSUER = "https://auth.example.com"


@pytest.mark.parametrize(
    "htu",
    [
        "https://auth.example.com/token",
        "HTTPS://AUTH.Example.COM/token",
        "https://auth.example.com:443/token",
        "https://auth.example.com:/token",
        "https://auth.example.com/%74oken",
        "https://auth.example.com/a/../token",
        "https://auth.example.com/./token",
        "https://auth.example.com/a/%2E%2e/token",
        "https://auth.example.com/token?a=b",
        "https://auth.example.com/token#fragment",
        "https://%61uth.example.com/token",
    ],
)
def test_equivalent_urls_match(htu: str) -> None:
    """RFC 3986 sections 6.2.2 and 6.2.3; query and fragment are ignored"""
    assert TargetUris([ISSUER]).matches(htu, "/token")


@pytest.mark.parametrize(
    "htu",
    [
        "",
        "/token",
        "//auth.example.com/token",
        "http://auth.example.com/token",
        "https://auth.example.com",
        "https://auth.example.com/",
        "https://auth.example.com/token/",
        "https://auth.example.com/Token",
        "https://auth.example.com//token",
        "https://auth.example.com/par",
        "https://auth.example.com/token%2F",
        "https://auth.example.com/token;a=b",
        "https://auth.example.com/x/token",
        "https://auth.example.com:8443/token",
        "https://auth.example.com:99999/token",
        "https://auth.example.com:port/token",
        "https://auth.example.com.evil.example/token",
        "https://auth.example.com./token",
        "https://evil.example/token",
        "https://auth.example.com@evil.example/token",
        "https://user@auth.example.com/token",
        "https://auth.example.com/to\nken",
        " https://auth.example.com/token",
        "https://auth.example.com/token ",
        "https://auth.example.com\\token",
        "https:auth.example.com/token",
        "https://auth.example.com/%zztoken",
        "https://auth.example.com/token%",
        "https://auth.example.com/töken",
        "https://[::1/token",
        "urn:ietf:token",
    ],
)
def test_other_urls_do_not_match(htu: str) -> None:
    """SECURITY_BAR row 38: wrong htu"""
    assert not TargetUris([ISSUER]).matches(htu, "/token")


def test_a_further_name_of_the_server_matches_too() -> None:
    """RFC 8705 section 5: endpoints with an alias"""
    uris = TargetUris([ISSUER, "https://mtls.example.com:8443"])

    assert uris.matches("https://mtls.example.com:8443/token", "/token")
    assert uris.matches(f"{ISSUER}/token", "/token")
    assert not uris.matches("https://mtls.example.com/token", "/token")


def test_an_escaped_path_matches_only_itself() -> None:
    uris = TargetUris([ISSUER])

    assert uris.matches(f"{ISSUER}/users/a%2fb", "/users/a%2Fb")
    assert not uris.matches(f"{ISSUER}/users/a/b", "/users/a%2Fb")


def test_a_path_that_is_no_url_matches_nothing() -> None:
    uris = TargetUris([ISSUER])

    assert not uris.matches("", "/\\")
    assert not uris.matches(f"{ISSUER}/\\", "/\\")


def test_the_normal_form_is_stable() -> None:
    for uri in ("https://a.example/x/./y/..", "http://[::1]:80/%7e", "https://a.example:8443"):
        normal = normalised_uri(uri)
        assert normal is not None
        assert normalised_uri(normal) == normal


def test_the_number_of_remembered_paths_is_bounded() -> None:
    uris = TargetUris([ISSUER])

    for number in range(2 * MAXIMUM_REMEMBERED):
        assert uris.matches(f"{ISSUER}/{number}", f"/{number}")

    assert len(uris._known) == MAXIMUM_REMEMBERED


def test_long_paths_match_nothing_and_are_not_kept() -> None:
    """SECURITY_BAR row 12: whoever holds a bound token chooses the paths of the admin API"""
    target_uris = TargetUris([ISSUER])
    tracemalloc.start()
    try:
        for number in range(300):
            path = f"/admin/api/v1/users/{number}{'x' * 60_000}"
            assert not target_uris.matches(f"{ISSUER}/token", path)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held < 1_000_000
    assert target_uris.matches(f"{ISSUER}/token", "/token")
