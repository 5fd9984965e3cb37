"""Dependencies for FastAPI: `Depends(protection.requires("read"))`."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse

from postern_kit.asgi import headers_of, raw_path_of, refusal_response
from postern_kit.issuers import IssuerError
from postern_kit.refusals import Refusal
from postern_kit.resource_server import Requirements, ResourceServer
from postern_kit.tokens import AccessToken

Dependency = Callable[[Request], Awaitable[AccessToken]]


class Protection:
    """Protect routes of a FastAPI application; what is refused gets the right challenge.

    `install` adds the metadata route (RFC 9728) and the handlers of refusals.
    """

    def __init__(self, server: ResourceServer) -> None:
        self._server = server

    def install(self, app: FastAPI) -> None:
        """Add the metadata route, and turn refusals into responses."""
        router = APIRouter()

        @router.get(self._server.metadata_path, include_in_schema=False)
        def metadata() -> JSONResponse:
            headers = {"Access-Control-Allow-Origin": "*"}
            return JSONResponse(self._server.metadata(), headers=headers)

        app.include_router(router)
        app.add_exception_handler(Refusal, self._respond)
        app.add_exception_handler(IssuerError, self._respond)

    def requires(
        self, *scopes: str, max_age: int | None = None, acr_values: Sequence[str] = ()
    ) -> Dependency:
        """Return a dependency that is the access token of the request."""
        requirements = Requirements(scopes, max_age, acr_values)

        async def access_token(request: Request) -> AccessToken:
            return await self._server.authenticate(
                headers_of(request.scope),
                method=request.method,
                path=raw_path_of(request.scope),
                requirements=requirements,
            )

        return access_token

    def _respond(self, request: Request, error: Any) -> JSONResponse:
        status, body, headers = refusal_response(self._server, error)
        return JSONResponse(body, status, dict(headers))
