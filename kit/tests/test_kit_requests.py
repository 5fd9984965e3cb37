"""Requests to a protected service: challenges, scopes, DPoP, step-up, metadata, middleware."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
import pytest_asyncio
from fastapi import Depends, FastAPI
from joserfc.jwk import ECKey
from kit_issuer import ISSUER, RESOURCE, FakeIssuer, proof_of
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from postern_kit import AccessToken, JwtVerifier, Requirements, ResourceServer
from postern_kit.asgi import TokenMiddleware
from postern_kit.fastapi import Protection

METADATA_URL = "https://reports.example/.well-known/oauth-protected-resource/mcp"


def server_of(issuer: FakeIssuer, **options: Any) -> ResourceServer:
    verifier = JwtVerifier(issuer=ISSUER, audience=RESOURCE, http=issuer.http, now=issuer.now)
    return ResourceServer(
        RESOURCE, issuer=ISSUER, verifier=verifier, scopes_supported=["read", "write"],
        implies={"write": ["read"]}, now=issuer.now, **options,
    )  # fmt: skip


def fastapi_app(server: ResourceServer) -> FastAPI:
    app = FastAPI()
    protection = Protection(server)
    protection.install(app)
    fresh = protection.requires("read", max_age=300, acr_values=("strong",))

    @app.post("/mcp")
    def read(token: Annotated[AccessToken, Depends(protection.requires("read"))]) -> dict[str, str]:
        return {"sub": token.subject}

    @app.post("/fresh")
    def fresh_only(token: Annotated[AccessToken, Depends(fresh)]) -> dict[str, str]:
        return {"sub": token.subject}

    return app


def starlette_app(server: ResourceServer) -> Any:
    async def read(request: Request) -> JSONResponse:
        return JSONResponse({"sub": request.state.access_token.subject})

    app = Starlette(
        routes=[Route("/mcp", read, methods=["POST"]), Route("/fresh", read, methods=["POST"])]
    )
    return TokenMiddleware(
        app, server=server, requirements=Requirements(["read"]),
        paths={"/fresh": Requirements(["read"], 300, ["strong"])},
    )  # fmt: skip


APPLICATIONS = {"fastapi": fastapi_app, "starlette": starlette_app}


@pytest_asyncio.fixture(params=APPLICATIONS)
async def http(
    request: pytest.FixtureRequest, issuer: FakeIssuer
) -> AsyncIterator[httpx.AsyncClient]:
    app = APPLICATIONS[request.param](server_of(issuer))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://behind.a.proxy") as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_valid_token_is_accepted(http: httpx.AsyncClient, issuer: FakeIssuer) -> None:
    response = await http.post("/mcp", headers=bearer(issuer.token()))

    assert (response.status_code, response.json()) == (200, {"sub": "user-1"})


async def test_without_a_token_the_challenge_has_no_error(http: httpx.AsyncClient) -> None:
    """RFC 6750 section 3.1 and RFC 9728 section 5.1"""
    missing = await http.post("/mcp")
    basic = await http.post("/mcp", headers={"Authorization": "Basic YTpi"})

    for response in (missing, basic):
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == (
            f'Bearer scope="read", resource_metadata="{METADATA_URL}"'
        )


async def test_an_invalid_token_gets_an_error_without_the_reason(
    http: httpx.AsyncClient, issuer: FakeIssuer
) -> None:
    response = await http.post("/mcp", headers=bearer(issuer.token(exp=1)))

    challenge = response.headers["www-authenticate"]
    assert response.status_code == 401
    assert 'error="invalid_token"' in challenge
    assert f'resource_metadata="{METADATA_URL}"' in challenge
    assert response.json()["error_description"] == "The access token is invalid or has expired."


async def test_a_missing_scope_asks_for_a_step_up(
    http: httpx.AsyncClient, issuer: FakeIssuer
) -> None:
    """RFC 6750 section 3.1: the client requests the scope and tries again."""
    response = await http.post("/mcp", headers=bearer(issuer.token(scope="reader")))

    assert response.status_code == 403
    challenge = response.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="read"' in challenge
    assert f'resource_metadata="{METADATA_URL}"' in challenge


async def test_a_broader_scope_satisfies_a_narrower_one(
    http: httpx.AsyncClient, issuer: FakeIssuer
) -> None:
    response = await http.post("/mcp", headers=bearer(issuer.token(scope="write")))

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"auth_time": 1_799_999_700, "acr": "strong"}, 200),
        ({"auth_time": 1_799_999_699, "acr": "strong"}, 401),
        ({"auth_time": 1_799_999_900, "acr": "weak"}, 401),
        ({"acr": "strong"}, 401),
        ({"auth_time": True, "acr": "strong"}, 401),
        ({"auth_time": 1_799_999_900}, 401),
    ],
)
async def test_an_old_or_weak_sign_in_is_asked_for_again(
    http: httpx.AsyncClient, issuer: FakeIssuer, claims: dict[str, Any], status: int
) -> None:
    """RFC 9470 section 3"""
    response = await http.post("/fresh", headers=bearer(issuer.token(**claims)))

    assert response.status_code == status
    if status == 401:
        challenge = response.headers["www-authenticate"]
        assert 'error="insufficient_user_authentication"' in challenge
        assert 'acr_values="strong", max_age="300"' in challenge


async def test_two_authorization_headers_are_refused(
    http: httpx.AsyncClient, issuer: FakeIssuer
) -> None:
    value = bearer(issuer.token())["Authorization"]

    response = await http.post("/mcp", headers=[("Authorization", value)] * 2)

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"


async def test_an_issuer_that_is_down_is_a_503(http: httpx.AsyncClient, issuer: FakeIssuer) -> None:
    issuer.is_down = True

    response = await http.post("/mcp", headers=bearer(issuer.token()))

    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"


async def test_the_metadata_has_the_issuer_byte_for_byte(http: httpx.AsyncClient) -> None:
    """RFC 9728 section 2"""
    response = await http.get("/.well-known/oauth-protected-resource/mcp")

    assert response.headers["access-control-allow-origin"] == "*"
    assert response.json()["resource"] == RESOURCE
    assert response.json()["authorization_servers"] == [ISSUER]
    assert response.json()["scopes_supported"] == ["read", "write"]


@pytest.fixture
def key() -> ECKey:
    return ECKey.generate_key("P-256")


def bound(issuer: FakeIssuer, key: ECKey) -> str:
    return issuer.token(cnf={"jkt": key.thumbprint()})


async def test_a_bound_token_is_accepted_with_a_new_proof_only(
    http: httpx.AsyncClient, issuer: FakeIssuer, key: ECKey
) -> None:
    """RFC 9449 section 7: the address is the public one, whatever a proxy in front changes."""
    token = bound(issuer, key)
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof_of(key, token, now=issuer.time)}

    first = await http.post("/mcp", headers=headers)
    replayed = await http.post("/mcp", headers=headers)

    assert first.status_code == 200
    assert replayed.status_code == 401
    challenge = replayed.headers["www-authenticate"]
    assert challenge.startswith('DPoP error="invalid_dpop_proof"')
    assert 'algs="ES256 ' in challenge


@pytest.mark.parametrize(
    "changes",
    [
        {"htm": "GET"},
        {"htu": "https://reports.example/other"},
        {"htu": "https://other.example/mcp"},
        {"htu": 1},
        {"htu": "https://["},
        {"htu": "https://reports.example:port/mcp"},
        {"iat": 1_799_999_600},
        {"iat": 1_800_000_400},
        {"iat": "now"},
        {"iat": float("nan")},
        {"iat": float("inf")},
        {"iat": 10**400},
        {"iat": None},
        {"ath": "x"},
        {"ath": None},
        {"jti": None},
        {"jti": ""},
        {"header": {"typ": "JWT"}},
        {"header": {"jwk": None}},
        {"header": {"jwk": {"kty": "oct", "k": "YQ"}}},
        {"header": {"jwk": ECKey.generate_key("P-256").as_dict(private=True)}},
        {"header": {"jwk": ECKey.generate_key("P-256").as_dict(private=False)}},
    ],
)
async def test_a_proof_that_does_not_fit_is_refused(
    http: httpx.AsyncClient, issuer: FakeIssuer, key: ECKey, changes: dict[str, Any]
) -> None:
    """RFC 9449 section 4.3"""
    token = bound(issuer, key)
    proof = proof_of(key, token, now=issuer.time, **changes)

    response = await http.post("/mcp", headers={"Authorization": f"DPoP {token}", "DPoP": proof})

    assert response.status_code == 401
    assert response.json()["error"] == "invalid_dpop_proof"


async def test_a_bound_token_without_a_proof_or_with_another_key_is_refused(
    http: httpx.AsyncClient, issuer: FakeIssuer, key: ECKey
) -> None:
    token, stranger = bound(issuer, key), ECKey.generate_key("P-256")
    proof = proof_of(key, token, now=issuer.time)
    requests = [
        [("Authorization", f"Bearer {token}")],
        [("Authorization", f"Bearer {token}"), ("DPoP", proof)],
        [("Authorization", f"DPoP {token}")],
        [("Authorization", f"DPoP {token}"), ("DPoP", proof), ("DPoP", proof)],
        [
            ("Authorization", f"DPoP {token}"),
            ("DPoP", proof_of(stranger, token, now=issuer.time)),
        ],
        [("Authorization", f"DPoP {issuer.token()}"), ("DPoP", proof)],
        [("Authorization", f"Bearer {issuer.token(cnf={'x5t#S256': 'x'})}")],
    ]

    for headers in requests:
        assert (await http.post("/mcp", headers=headers)).status_code == 401


async def test_where_dpop_is_required_an_unbound_token_is_refused(issuer: FakeIssuer) -> None:
    app = starlette_app(server_of(issuer, requires_dpop=True))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://reports.example") as http:
        unbound = await http.post("/mcp", headers=bearer(issuer.token()))
        missing = await http.post("/mcp")
        metadata = await http.get("/.well-known/oauth-protected-resource/mcp")

    assert unbound.status_code == 401
    assert missing.headers["www-authenticate"].startswith("DPoP ")
    assert metadata.json()["dpop_bound_access_tokens_required"] is True


async def test_the_middleware_lets_preflight_requests_and_public_paths_through(
    issuer: FakeIssuer,
) -> None:
    async def public(request: Request) -> JSONResponse:
        return JSONResponse({})

    routes = [Route("/health", public), Route("/mcp", public, methods=["OPTIONS", "POST"])]
    app = TokenMiddleware(
        Starlette(routes=routes), server=server_of(issuer), public_paths=["/health"]
    )
    preflight = {"Access-Control-Request-Method": "POST"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="https://reports.example"
    ) as http:
        statuses = [
            (await http.get("/health")).status_code,
            (await http.options("/mcp", headers=preflight)).status_code,
            (await http.options("/mcp")).status_code,
            (await http.get("/health/")).status_code,
        ]

    assert statuses == [200, 200, 401, 401]
