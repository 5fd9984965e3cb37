"""Applications in browsers (the Fetch standard): registered origins, and never with credentials.

SECURITY_BAR row 46. Everything here runs with the fast lane and without it.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.support.application import Application, running_application
from tests.support.databases import Databases

KNOWN = "http://localhost:3000"
UNKNOWN = "https://evil.example"
ALLOWED = "access-control-allow-origin"
PROTOCOL = [
    ("POST", "/token"),
    ("POST", "/revoke"),
    ("GET", "/userinfo"),
    ("POST", "/userinfo"),
    ("GET", "/profile"),
    ("POST", "/par"),
    ("POST", "/device_authorization"),
]
PUBLIC = [
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/jwks",
]
CLOSED = [
    ("GET", "/"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("GET", "/authorize"),
    ("POST", "/consent"),
    ("GET", "/account"),
    ("GET", "/device"),
    ("GET", "/logout"),
    ("POST", "/introspect"),
    ("GET", "/register/somebody/else"),
    ("GET", "/register/"),
    ("GET", "/resources/metadata"),
    ("POST", "/create_client"),
    ("POST", "/register_user"),
    ("GET", "/openapi.json"),
    ("GET", "/health/live"),
    ("GET", "/.well-known/change-password"),
    ("GET", "/nowhere"),
]


@pytest_asyncio.fixture(scope="module", params=[True, False], ids=["fast lane", "FastAPI"])
async def app(
    databases: Databases, database_kind: str, request: pytest.FixtureRequest
) -> AsyncIterator[Application]:
    url = await databases.migrated(database_kind)
    async with running_application(url, fast_lane=request.param) as made:
        await made.create_client(redirect_uri=f"{KNOWN}/callback")
        yield made


async def preflight(app: Application, path: str, origin: str, method: str) -> httpx.Response:
    return await app.http.options(
        path,
        headers={
            "origin": origin,
            "access-control-request-method": method,
            "access-control-request-headers": "authorization, content-type",
        },
    )


async def allows(app: Application, origin: str | bytes) -> bool:
    """Whether `/token` answers an origin in a way that its browser hands on."""
    answer = await app.http.post("/token", headers={"origin": origin})
    assert answer.status_code == 400
    allowed = answer.headers.get(ALLOWED)
    assert allowed in (None, origin)
    return allowed is not None


@pytest.mark.parametrize(("method", "path"), PROTOCOL)
async def test_a_registered_origin_can_read_responses_and_errors(
    app: Application, method: str, path: str
) -> None:
    """SECURITY_BAR row 46"""
    answer = await app.http.request(method, path, headers={"origin": KNOWN})

    assert answer.status_code in (400, 401)
    assert answer.headers.get_list(ALLOWED) == [KNOWN]
    assert answer.headers.get_list("vary") == ["Origin"]
    assert "www-authenticate" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(("method", "path"), PROTOCOL)
async def test_an_unknown_origin_gets_no_cors_headers(
    app: Application, method: str, path: str
) -> None:
    """SECURITY_BAR row 46"""
    answer = await app.http.request(method, path, headers={"origin": UNKNOWN})

    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize(("method", "path"), PROTOCOL)
async def test_a_request_without_an_origin_gets_no_cors_headers(
    app: Application, method: str, path: str
) -> None:
    answer = await app.http.request(method, path)

    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(("method", "path"), PROTOCOL)
async def test_the_preflight_of_a_registered_origin_is_allowed(
    app: Application, method: str, path: str
) -> None:
    """The Fetch standard, section 4.8: a preflight is answered with a status of 2xx"""
    answer = await preflight(app, path, KNOWN, method)

    assert answer.status_code == 204
    assert answer.content == b""
    assert answer.headers.get_list(ALLOWED) == [KNOWN]
    assert method in answer.headers["access-control-allow-methods"].split(", ")
    allowed = answer.headers["access-control-allow-headers"].split(", ")
    assert {"authorization", "content-type"} <= set(allowed)
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["vary"] == "Origin"
    assert answer.headers["x-request-id"]
    assert "content-length" not in answer.headers  # RFC 9110 section 8.6


@pytest.mark.parametrize(("method", "path"), PROTOCOL)
async def test_the_preflight_of_an_unknown_origin_is_refused(
    app: Application, method: str, path: str
) -> None:
    """SECURITY_BAR row 46"""
    answer = await preflight(app, path, UNKNOWN, method)

    assert answer.status_code == 405
    assert ALLOWED not in answer.headers


@pytest.mark.parametrize("origin", [KNOWN, UNKNOWN])
@pytest.mark.parametrize("path", PUBLIC)
async def test_every_origin_can_read_the_public_documents(
    app: Application, path: str, origin: str
) -> None:
    """RFC 8414 section 3: clients of every origin begin with it"""
    answer = await app.http.get(path, headers={"origin": origin})
    asked = await preflight(app, path, origin, "GET")

    assert answer.status_code == 200
    assert asked.status_code == 204
    for each in (answer, asked):
        assert each.headers.get_list(ALLOWED) == ["*"]
        assert "access-control-allow-credentials" not in each.headers


@pytest.mark.parametrize(("method", "path"), CLOSED)
async def test_pages_and_other_endpoints_send_no_cors_headers(
    app: Application, method: str, path: str
) -> None:
    """SECURITY_BAR row 46: pages allow none"""
    answer = await app.http.request(method, path, headers={"origin": KNOWN})
    asked = await preflight(app, path, KNOWN, method)

    for each in (answer, asked):
        assert not [name for name in each.headers if name.startswith("access-control")]
    assert asked.status_code in (404, 405)


@pytest.mark.parametrize("path", ["/token/", "/TOKEN", "/token\n", "/token;x"])
async def test_other_spellings_of_a_path_are_not_found_and_get_no_cors_headers(
    app: Application, path: str
) -> None:
    """SECURITY_BAR row 45"""
    answer = await app.http.post(path.replace("\n", "%0a"), headers={"origin": KNOWN})

    assert answer.status_code == 404
    assert ALLOWED not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "*",
        "https://localhost:3000",
        "https://localhost",
        "http://127.0.0.1:3000",
        "http://localhost:",
        "http://localhost:03000",
        "http://LOCALHOST:3000",
        "http://localhost:3000/",
        "http://localhost:3000.evil.example",
        "http://evil.example?http://localhost:3000",
        f"{KNOWN} {UNKNOWN}",
        f"{UNKNOWN},{KNOWN}",
        "file://",
        "http://" + "x" * 5000,
        b"http://\xff",
        b"http://a\x00b",
        b"http://localhost:3000\x00",
    ],
)
async def test_only_an_exactly_matching_origin_is_allowed(
    app: Application, origin: str | bytes
) -> None:
    """SECURITY_BAR rows 44 and 46"""
    assert not await allows(app, origin)


async def test_a_request_with_two_origin_headers_gets_no_cors_headers(app: Application) -> None:
    """SECURITY_BAR row 46"""
    answer = await app.http.post("/token", headers=[("origin", UNKNOWN), ("origin", KNOWN)])

    assert ALLOWED not in answer.headers


@pytest.mark.parametrize(
    ("redirect_uri", "origin"),
    [
        ("https://{host}.example/callback?x=1", "https://{host}.example"),
        ("https://{host}.EXAMPLE/callback", "https://{host}.example"),
        ("https://{host}.example:443/callback", "https://{host}.example"),
        ("https://{host}.example:/callback", "https://{host}.example"),
        ("https://{host}.example:8443/callback", "https://{host}.example:8443"),
        ("http://{host}.example:80/", "http://{host}.example"),
        ("http://[::1]:3000/callback", "http://[::1]:3000"),
    ],
)
async def test_origins_are_compared_in_the_form_that_browsers_send(
    app: Application, redirect_uri: str, origin: str
) -> None:
    """RFC 6454 section 6.2"""
    host = app.new_name("host")
    await app.create_client(redirect_uri=redirect_uri.format(host=host))

    assert await allows(app, origin.format(host=host))


async def test_a_private_use_scheme_is_not_an_allowed_origin(app: Application) -> None:
    await app.create_client(redirect_uri="com.example.app:/callback")

    assert not await allows(app, "com.example.app://")


async def test_an_origin_is_allowed_only_while_a_client_registers_it(app: Application) -> None:
    """SECURITY_BAR row 46; what is known is remembered for a minute at most"""
    origin = f"https://{app.new_name('host')}.example"
    before = await allows(app, origin)
    first, second = [await _registered(app, f"{origin}/callback") for _ in range(2)]
    with_both = await allows(app, origin)

    await _manage(app, "PUT", first, ["https://elsewhere.example/callback"])
    app.clock.advance(seconds=61)
    with_one = await allows(app, origin)
    await _manage(app, "DELETE", second)
    within_the_minute = await allows(app, origin)
    app.clock.advance(seconds=61)
    afterwards = await allows(app, origin)

    assert [before, with_both, with_one, afterwards] == [False, True, True, False]
    assert within_the_minute is True


async def test_a_registered_origin_can_read_a_body_too_large_error(app: Application) -> None:
    """Whatever the answer is, a script may read it"""
    answer = await app.http.post("/token", content=b"x" * 70_000, headers={"origin": KNOWN})

    assert answer.status_code == 413
    assert answer.headers[ALLOWED] == KNOWN


async def _registered(app: Application, redirect_uri: str) -> dict[str, Any]:
    answer = await app.http.post("/register", json={"redirect_uris": [redirect_uri]})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def _manage(
    app: Application, method: str, made: dict[str, Any], redirect_uris: list[str] | None = None
) -> None:
    answer = await app.http.request(
        method,
        f"/register/{made['client_id']}",
        headers={"authorization": f"Bearer {made['registration_access_token']}"},
        json={"client_id": made["client_id"], "redirect_uris": redirect_uris},
    )
    assert answer.is_success, answer.text
