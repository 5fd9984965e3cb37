"""`GET /`: JSON for programs, a small page for a browser."""

from typing import Annotated

from fastapi import APIRouter, FastAPI, Header, Request
from starlette.responses import JSONResponse, Response

from app import __version__
from app.dependencies import ServicesDep
from app.pages.templating import page
from app.schemas.operations import Welcome

router = APIRouter(tags=["Server"])

MESSAGE = "Postern, an OAuth 2.1 authorization server"


@router.get(
    "/",
    response_model=Welcome,
    responses={200: {"content": {"text/html": {}}, "description": "Where to go from here."}},
)
async def welcome(
    request: Request, services: ServicesDep, accept: Annotated[str, Header()] = "*/*"
) -> Response:
    """What this server is and where its endpoints are."""
    body = Welcome(
        message=MESSAGE,
        version=__version__,
        documentation="/docs" if services.settings.docs else "",
        endpoints=_endpoints(request.app),
    )
    if _prefers_html(accept):
        response: Response = page("welcome.html", welcome=body)
    else:
        response = JSONResponse(body.model_dump())
    response.headers["Vary"] = "Accept"
    return response


def _endpoints(application: FastAPI) -> dict[str, str]:
    """Every call that the documentation lists, as method and path."""
    return {
        path.strip("/"): f"{method.upper()} {path}"
        for path, operations in application.openapi()["paths"].items()
        for method, operation in operations.items()
        if path != "/" and not operation.get("deprecated")
    }


def _prefers_html(accept: str) -> bool:
    """Browsers name text/html first, or like it best; programs that want JSON do not name it."""
    liking = {}
    for place, part in enumerate(accept.lower().split(",")):
        kind, *parameters = (each.strip() for each in part.split(";"))
        liking[kind] = (_quality(parameters), -place)
    html = liking.get("text/html", (0.0, 0))
    json = max(liking.get("application/json", (0.0, 0)), liking.get("application/*", (0.0, 0)))
    return html[0] > 0 and html > json


def _quality(parameters: list[str]) -> float:
    """RFC 9110 section 12.4.2: from 0, not at all, to 1."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
