"""`GET /docs`: Swagger UI, served from an installed package without any other host."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from fastapi import Request
from starlette.responses import FileResponse, Response

from app.dependencies import ServicesDep
from app.details import Detail
from app.errors import NotFoundError
from app.pages.support import page_router
from app.pages.support.templating import page

router = page_router()

# Swagger UI draws its icons from data: URIs and sets styles by script.
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:;"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
CACHE = {"Cache-Control": "public, max-age=3600"}
SWAGGER_FILES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}


@router.get("/docs")
async def docs(request: Request, services: ServicesDep) -> Response:
    _require_docs(services)
    return page(request, "docs.html", policy=POLICY)


@router.get("/docs/oauth2-redirect.html")
async def docs_redirect(request: Request, services: ServicesDep) -> Response:
    """Show the redirect page of Swagger UI's authorization code flow, in a popup window."""
    _require_docs(services)
    return page(request, "docs_redirect.html", policy=POLICY)


@router.get("/docs/assets/{name}")
async def swagger_asset(name: str, services: ServicesDep) -> Response:
    _require_docs(services)
    return _file(swagger_directory(), SWAGGER_FILES, name)


@lru_cache(maxsize=1)
def swagger_directory() -> Path:
    """Return the directory of Swagger UI in `fastapi-offline`, without importing the package."""
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        raise NotFoundError(Detail.SWAGGER_UI_MISSING)
    return Path(spec.origin).parent / "static"


def _file(directory: Path, known: dict[str, str], name: str) -> Response:
    if name not in known:
        raise NotFoundError(Detail.FILE_UNKNOWN)
    return FileResponse(directory / name, media_type=known[name], headers=CACHE)


def _require_docs(services: ServicesDep) -> None:
    if not services.core.settings.docs:
        raise NotFoundError(Detail.API_DOCS_OFF)
