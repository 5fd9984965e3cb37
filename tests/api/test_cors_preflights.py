"""Preflights (the Fetch standard, section 4.8), registration from browsers and loopback origins.

SECURITY_BAR row 46. Everything here runs with the fast lane and without it.
"""

from typing import Any

import pytest

from tests.api.test_cors import ALLOWED, KNOWN, UNKNOWN, allows, app, preflight
from tests.support.application import Application

__all__ = ["app"]  # the fixture

USUAL = "authorization, content-type, dpop"
REGISTRATION = [
    ("POST", "/register"),
    ("GET", "/register/somebody"),
    ("PUT", "/register/somebody"),
    ("DELETE", "/register/somebody"),
]


@pytest.mark.parametrize(("method", "path"), REGISTRATION)
@pytest.mark.parametrize("origin", [KNOWN, UNKNOWN])
async def test_a_client_of_any_origin_can_register(
    app: Application, method: str, path: str, origin: str
) -> None:
    """SECURITY_BAR row 46: with a token at most, never with cookies"""
    asked = await preflight(app, path, origin, method)
    answer = await app.http.request(method, path, headers={"origin": origin})

    assert asked.status_code == 204
    assert method in asked.headers["access-control-allow-methods"].split(", ")
    assert answer.status_code in (400, 401)
    for each in (asked, answer):
        assert each.headers.get_list(ALLOWED) == ["*"]
        assert "access-control-allow-credentials" not in each.headers


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/token", "POST"),
        ("/userinfo", "GET, POST"),
        ("/profile", "GET"),
        ("/jwks", "GET"),
        ("/register", "POST"),
        ("/register/somebody", "GET, PUT, DELETE"),
    ],
)
async def test_a_preflight_lists_the_methods_of_the_path(
    app: Application, path: str, methods: str
) -> None:
    """The Fetch standard, section 4.8"""
    asked = await preflight(app, path, KNOWN, methods.split(", ")[0])

    assert asked.headers["access-control-allow-methods"] == methods


@pytest.mark.parametrize("path", ["/token", "/register"])
@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        ("traceparent,mcp-protocol-version", "traceparent, mcp-protocol-version"),
        (" X-Requested-With , content-type,", "X-Requested-With, content-type"),
        ("x-" + "a" * 2046, "x-" + "a" * 2046),
        ("x-" + "a" * 2047, USUAL),
        ("x-a\x00", USUAL),
        ("x-a: b", USUAL),
        ("x-\u00e4".encode(), USUAL),
        ("", USUAL),
        (None, USUAL),
    ],
)
async def test_a_preflight_echoes_the_requested_header_names(
    app: Application, path: str, asked: str | bytes | None, allowed: str
) -> None:
    """The Fetch standard, section 4.8; names of RFC 9110 section 5.6.2 only, 2 KiB at most"""
    headers: dict[str, Any] = {"origin": KNOWN, "access-control-request-method": "POST"}
    if asked is not None:
        headers["access-control-request-headers"] = asked

    answer = await app.http.options(path, headers=headers)

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-headers"] == allowed


@pytest.mark.parametrize("port", ["", ":3001", ":30000", ":80"])
async def test_a_loopback_origin_is_allowed_on_every_port(app: Application, port: str) -> None:
    """RFC 8252 section 7.3: as its redirect URI is"""
    assert await allows(app, f"http://localhost{port}")


async def test_only_loopback_hosts_may_use_any_port(app: Application) -> None:
    """RFC 8252 section 7.3"""
    await app.create_client(redirect_uri="http://[::1]/callback")
    await app.create_client(redirect_uri="http://127.0.0.1.example:3000/callback")

    assert await allows(app, "http://[::1]:4711")
    assert not await allows(app, "http://127.0.0.1.example:4711")
    assert not await allows(app, "http://127.0.0.1:3000")
