"""An issuer that does not respond: 503, whoever calls the verifier, and the reason in the log."""

import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from kit_issuer import ISSUER, RESOURCE, FakeIssuer
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from postern_kit import IntrospectionVerifier, JwtVerifier, ResourceServer
from postern_kit.asgi import IssuerErrorMiddleware, TokenMiddleware
from postern_kit.fastapi import Protection


class Backend(AuthenticationBackend):
    """Call the verifier inside a middleware of the framework, as the MCP SDK and FastMCP do."""

    def __init__(self, server: ResourceServer) -> None:
        self._server = server

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, SimpleUser]:
        token = await self._server.verifier.verify(conn.headers["authorization"][7:])
        return AuthCredentials(sorted(token.scopes)), SimpleUser(token.subject)


async def respond(request: Request) -> JSONResponse:
    return JSONResponse({})


def fastapi_app(server: ResourceServer) -> FastAPI:
    app = FastAPI()
    protection = Protection(server)
    protection.install(app)

    @app.post("/mcp", dependencies=[Depends(protection.requires())])
    def accepted() -> dict[str, str]:
        return {}

    return app


def middleware_app(server: ResourceServer) -> Any:
    return TokenMiddleware(
        Starlette(routes=[Route("/mcp", respond, methods=["POST"])]), server=server
    )


def backend_app(server: ResourceServer) -> Starlette:
    return Starlette(
        routes=[Route("/mcp", respond, methods=["POST"])],
        middleware=[
            Middleware(IssuerErrorMiddleware, server=server),
            Middleware(AuthenticationMiddleware, backend=Backend(server)),
        ],
    )


def by_keys(issuer: FakeIssuer) -> JwtVerifier:
    return JwtVerifier(issuer=ISSUER, audience=RESOURCE, http=issuer.http, now=issuer.now)


def by_introspection(issuer: FakeIssuer) -> IntrospectionVerifier:
    return IntrospectionVerifier(
        issuer=ISSUER, audience=RESOURCE, client_id="reports", client_secret="secret",
        http=issuer.http, now=issuer.now,
    )  # fmt: skip


def by_introspection_at_an_endpoint(issuer: FakeIssuer) -> IntrospectionVerifier:
    return IntrospectionVerifier(
        issuer=ISSUER, audience=RESOURCE, client_id="reports", client_secret="secret",
        introspection_endpoint="https://login.example/introspect", http=issuer.http, now=issuer.now,
    )  # fmt: skip


@pytest.mark.parametrize("make", [fastapi_app, middleware_app, backend_app])
@pytest.mark.parametrize("verifier", [by_keys, by_introspection, by_introspection_at_an_endpoint])
async def test_an_issuer_that_is_down_is_a_503_with_the_reason_in_the_log(
    issuer: FakeIssuer,
    caplog: pytest.LogCaptureFixture,
    make: Callable[[ResourceServer], Any],
    verifier: Callable[[FakeIssuer], Any],
) -> None:
    issuer.is_down = True
    server = ResourceServer(RESOURCE, issuer=ISSUER, verifier=verifier(issuer), now=issuer.now)
    with caplog.at_level(logging.ERROR, logger="postern_kit"):
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(make(server)), base_url="https://reports.example"
        ) as http:
            response = await http.post(
                "/mcp", headers={"Authorization": f"Bearer {issuer.token()}"}
            )

    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert response.json() == {"error": "temporarily_unavailable"}
    assert "down" in caplog.text
    assert ISSUER in caplog.text


async def test_an_error_after_the_response_began_is_raised(issuer: FakeIssuer) -> None:
    """A second response would break the connection in a way that nobody can read."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await JSONResponse({})(scope, receive, send)
        await by_keys(issuer).verify(issuer.token())

    issuer.is_down = True
    server = ResourceServer(RESOURCE, issuer=ISSUER, verifier=by_keys(issuer), now=issuer.now)
    wrapped = IssuerErrorMiddleware(app, server=server)
    transport = httpx.ASGITransport(wrapped, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://reports.example") as http:
        response = await http.post("/mcp")

    assert response.status_code == 200
