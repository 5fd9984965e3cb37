"""`GET /`: JSON for API clients, a small page for browsers."""

from typing import Annotated, Any

from fastapi import FastAPI, Header, Request
from starlette.responses import JSONResponse, Response

from app import __version__
from app.dependencies import ServicesDep
from app.pages.support import page_router
from app.pages.support.negotiation import prefers_html
from app.pages.support.templating import page
from app.schemas.operations import Welcome

router = page_router(tags=["Server"], include_in_schema=True)

MESSAGE = "Postern, an OAuth 2.1 authorization server"
METHODS = ("GET", "POST")
"""For a path with several methods, the first of these that it supports is listed."""


@router.get(
    "/",
    response_model=Welcome,
    responses={
        200: {
            "content": {"text/html": {}},
            "description": ("The version and the endpoints of the server."),
        }
    },
)
async def server_information(
    request: Request, services: ServicesDep, accept: Annotated[str, Header()] = "*/*"
) -> Response:
    """Return the server's version and its endpoints."""
    body = Welcome(
        message=MESSAGE,
        version=__version__,
        documentation="/docs" if services.core.settings.docs else "",
        endpoints=_endpoints(request.app),
    )
    if prefers_html(accept):
        response: Response = page(request, "welcome.html", welcome=body)
    else:
        response = JSONResponse(body.model_dump())
    response.headers["Vary"] = "Accept, Accept-Language"
    return response


def _endpoints(application: FastAPI) -> dict[str, str]:
    """Return the documented paths with their methods, without deprecated operations.

    A path with several methods is listed once, by the order of `METHODS`.
    """
    return {
        path.strip("/"): f"{min(methods, key=_order)} {path}"
        for path, operations in application.openapi()["paths"].items()
        if path != "/"
        and (methods := [name.upper() for name, spec in operations.items() if _is_current(spec)])
    }


def _order(method: str) -> int:
    return METHODS.index(method) if method in METHODS else len(METHODS)


def _is_current(operation: dict[str, Any]) -> bool:
    return not operation.get("deprecated")
