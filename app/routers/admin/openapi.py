"""`GET /admin/api/v1/openapi.json`: the part of `/openapi.json` that describes the admin API."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from app.dependencies import CoreDep, openapi_document
from app.details import Detail
from app.errors import NotFoundError
from app.routers.admin import PREFIX
from app.routers.admin.access import bearer
from app.routers.admin.routes import AdminRoute
from app.schemas.admin.problems import AdminProblem

SCHEMA = "#/components/schemas/"

router = APIRouter()


@router.get(f"{PREFIX}/openapi.json", include_in_schema=False)
async def admin_openapi(request: Request, core: CoreDep) -> Response:
    """Return the description of the admin API, for generators of clients."""
    if not core.settings.docs:
        raise NotFoundError(Detail.API_DOCS_OFF)
    return JSONResponse(_part_of(await openapi_document(request.app)))


def models_of(routes: Iterable[Any]) -> list[type[BaseModel]]:
    """Return the models that the admin API reads, and that of its errors."""
    admin_routes = [route for route in routes if isinstance(route, AdminRoute)]
    bodies = [route.body_model for route in admin_routes if route.body_model is not None]
    return [*bodies, AdminProblem] if admin_routes else []


def _part_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a document with the paths of the admin API, and the schemas that they refer to."""
    paths = {path: item for path, item in document["paths"].items() if path.startswith(PREFIX)}
    all_schemas, names = document["components"]["schemas"], set(_names_in(paths))
    while more := {name for each in names for name in _names_in(all_schemas[each])} - names:
        names |= more
    components = {
        "schemas": {name: schema for name, schema in all_schemas.items() if name in names},
        "securitySchemes": {
            bearer.scheme_name: document["components"]["securitySchemes"][bearer.scheme_name]
        },
    }
    info = {
        **document["info"],
        "title": "Postern admin API",
        "description": "See docs/admin-api.md.",
    }
    return {**document, "info": info, "paths": paths, "components": components}


def _names_in(value: Any) -> Iterator[str]:
    """Yield the names of the schemas that a part of a document refers to."""
    if isinstance(value, Mapping):
        reference = value.get("$ref")
        if isinstance(reference, str) and reference.startswith(SCHEMA):
            yield reference.removeprefix(SCHEMA)
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _names_in(each)
