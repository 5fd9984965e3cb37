"""Routes of the admin API: what a route declares decides how it is documented.

Its authority, body, precondition, path and parameters are dependencies of its function.
"""

from collections.abc import Callable, Iterator
from typing import Any

from fastapi import APIRouter, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from app.routers.admin import PREFIX
from app.routers.admin.access import authorize
from app.routers.admin.bodies import JsonBody, MergePatch
from app.routers.admin.cursors import page_of
from app.routers.admin.preconditions import IF_MATCH, require_if_match, set_etag
from app.routers.openapi_errors import TOO_LARGE, TOO_MANY, TRY_AGAIN, Refusals, Responses, problem
from app.schemas.admin.problems import AdminProblem

ETAG = {"ETag": {"description": "The version of the object.", "schema": {"type": "string"}}}
LOCATION = {"Location": {"description": "The new object.", "schema": {"type": "string"}}}
WITH_ETAG: Responses = {200: {"headers": ETAG}}
CREATED: Responses = {201: {"headers": {**ETAG, **LOCATION}}}
"""Documentation of the headers of successful responses."""
OF_CALLER: Refusals = {
    401: "The token is missing or not valid.",
    403: ("The caller lacks the scope, or the object needs a full administrator.", "forbidden"),
    429: TOO_MANY,
    503: TRY_AGAIN,
}
OF_BODY: Refusals = {
    400: "The body is not JSON.",
    409: "The change conflicts with what exists, or with a rule that the schema cannot state.",
    413: TOO_LARGE,
    415: "The body has another media type.",
    422: "The body or a parameter does not match the schema.",
}
OF_CHANGE: Refusals = {409: OF_BODY[409]}
OF_PARAMETERS: Refusals = {422: OF_BODY[422]}
OF_PATH: Refusals = {404: "There is no such object."}
OF_PAGE: Refusals = {409: ("The cursor belongs to another query.", "cursor_invalid")}
OF_PRECONDITION: Refusals = {
    412: "The object was changed in the meantime.",
    428: "The request has no If-Match.",
}
IF_MATCH_PARAMETER = {
    "name": IF_MATCH,
    "in": "header",
    "required": True,
    "description": "The `ETag` of the object as it was read, or `*`.",
    "schema": {"type": "string"},
}


class AdminRoute(APIRoute):
    """A route that documents its body, its precondition and its errors."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        calls = list(_calls_of(self.dependant))
        self.body_model: type[BaseModel] | None = None
        refusals: dict[int, Any] = {}
        extra: dict[str, Any] = {**(self.openapi_extra or {})}
        if authorize in calls:
            refusals |= OF_CALLER
        if not {"GET", "HEAD"}.issuperset(self.methods or ()):
            refusals |= OF_CHANGE
        if self.dependant.query_params or page_of in calls:
            refusals |= OF_PARAMETERS
        if page_of in calls:
            refusals |= OF_PAGE
        if "{" in path:
            refusals |= {**OF_PATH, **OF_PARAMETERS}
        if require_if_match in calls:
            refusals |= OF_PRECONDITION
            extra["parameters"] = [IF_MATCH_PARAMETER]
        for call in calls:
            if isinstance(call, JsonBody | MergePatch):
                refusals |= OF_BODY
                self.body_model = call.model
                extra["requestBody"] = _request_body(call)
        self.openapi_extra = extra
        self.responses = {**documented(refusals), **self.responses}


def admin_router(name: str, *, tag: str) -> APIRouter:
    """Return the router of a kind of objects."""
    return APIRouter(prefix=f"{PREFIX}/{name}", tags=[tag], route_class=AdminRoute)


def documented(refusals: Refusals) -> Responses:
    """Return the documentation of errors that a route has besides those of what it declares."""
    return {
        status: problem(status, refusal, schema=AdminProblem.__name__)
        for status, refusal in sorted(refusals.items())
    }


def created(response: Response, path: str, *, version: int | str) -> None:
    """Set the headers of the response to the creation of an object."""
    response.headers["Location"] = f"{PREFIX}/{path}"
    set_etag(response, version)


def _calls_of(dependant: Dependant) -> Iterator[Any]:
    for each in dependant.dependencies:
        yield each.call
        yield from _calls_of(each)


def _request_body(body: JsonBody[Any] | MergePatch[Any]) -> dict[str, Any]:
    schema = {"schema": {"$ref": f"#/components/schemas/{body.model.__name__}"}}
    return {"required": True, "content": {body.media_type: schema}}
