"""`GET /`: JSON for API clients; for browsers a page of the brand, or the user's account."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Header, Request
from starlette.responses import JSONResponse, Response

from app import __version__
from app.dependencies import ServicesDep, openapi_document
from app.pages.support import page_router, redirect
from app.pages.support.browser import get_browser
from app.pages.support.negotiation import prefers_html
from app.pages.support.templating import page
from app.pages.support.urls import ACCOUNT
from app.schemas.operations import Welcome
from app.wiring import Services

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
    """Return the server's version and its endpoints.

    A browser gets a page to sign in, and is redirected to the account if a user is signed in.
    """
    if prefers_html(accept):
        response = await _page(request, services)
    else:
        response = JSONResponse((await _welcome(request, services)).model_dump())
    response.headers["Vary"] = "Accept, Accept-Language, Cookie"
    return response


async def _page(request: Request, services: Services) -> Response:
    browser = await get_browser(request, services)
    if browser.signed_in:
        return redirect(ACCOUNT)
    return page(
        request,
        "welcome.html",
        errors={},
        welcome=await _welcome(request, services),
        can_register=services.core.registration_policy.is_open_to_users,
    )


async def _welcome(request: Request, services: Services) -> Welcome:
    return Welcome(
        message=MESSAGE,
        version=__version__,
        documentation="/docs" if services.core.settings.docs else "",
        endpoints=_endpoints(await openapi_document(request.app)),
    )


def _endpoints(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the documented paths with their methods, without deprecated operations.

    A path with several methods is listed once, by the order of `METHODS`.
    """
    return {
        path.strip("/"): f"{min(methods, key=_order)} {path}"
        for path, operations in document["paths"].items()
        if path != "/"
        and (methods := [name.upper() for name, spec in operations.items() if _is_current(spec)])
    }


def _order(method: str) -> int:
    return METHODS.index(method) if method in METHODS else len(METHODS)


def _is_current(operation: dict[str, Any]) -> bool:
    return not operation.get("deprecated")
