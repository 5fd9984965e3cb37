"""Endpoints that the fast lane calls directly and FastAPI declares: one implementation for both."""

from collections.abc import Awaitable, Callable, Set
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from app.middleware.cors import CrossOrigin
from app.middleware.http import Endpoint, HttpRequest, HttpResponse
from app.oauth.errors import InvalidRequestError, OAuth2Error
from app.oauth.requests import OF_CLIENT_AUTHENTICATION, FormRequest, parse_form
from app.routers.answers import starlette_response
from app.routers.error_handlers import protocol_error
from app.wiring import Services

Answer = Callable[[Services, HttpRequest], Awaitable[HttpResponse]]


@dataclass(frozen=True, slots=True)
class HotEndpoint:
    """`answer` does the work; `documentation` is what FastAPI tells of it in `/openapi.json`.

    `forms` are the alternatives for its body, and `examples` show them; `openapi_extra` stands in
    their place where a body is described otherwise.
    `cross_origin` says which origins may call it from a browser. An endpoint that
    `speaks_protocol` refuses in the shape of RFC 6749 section 5.2, also what never reaches it.
    """

    method: str
    path: str
    answer: Answer
    documentation: dict[str, Any] = field(default_factory=dict)
    cross_origin: CrossOrigin = field(kw_only=True)
    forms: tuple[type[BaseModel], ...] = ()
    examples: dict[str, Any] = field(default_factory=dict)
    openapi_extra: dict[str, Any] | None = None
    speaks_protocol: bool = True

    def bound_to(self, services: Services) -> Endpoint:
        """The endpoint as both lanes call it; what it refuses is part of its answer."""
        answer = self.answer

        async def endpoint(request: HttpRequest) -> HttpResponse:
            try:
                return await answer(services, request)
            except OAuth2Error as error:  # a refusal; what else is raised the edge logs as a bug
                return protocol_error(error)

        return endpoint

    def declare(self, router: APIRouter) -> None:
        """Adds the route that answers when the fast lane is off, and that documents it."""

        async def route(request: Request) -> Response:
            endpoint = self.bound_to(request.app.state.services)
            request_value = HttpRequest.of(request.scope, await request.body())
            return starlette_response(await endpoint(request_value))

        router.add_api_route(
            self.path,
            route,
            methods=[self.method],
            openapi_extra=self._extra(),
            **self.documentation,
        )

    def _extra(self) -> dict[str, Any]:
        """What FastAPI cannot see: the form, and how the client authenticates."""
        if self.openapi_extra is not None:
            return self.openapi_extra
        if not self.forms:
            return {"security": [{"OAuth2": []}]} if self.speaks_protocol else {}
        references = [{"$ref": f"#/components/schemas/{form.__name__}"} for form in self.forms]
        schema = references[0] if len(references) == 1 else {"oneOf": references}
        content = {
            "application/x-www-form-urlencoded": {"schema": schema, "examples": self.examples}
        }
        return {
            "security": [{"ClientBasic": []}, {}],
            "requestBody": {"required": True, "content": content},
        }


def read_by(*forms: type[BaseModel]) -> frozenset[str]:
    """Return the parameters that an endpoint with these forms reads."""
    return OF_CLIENT_AUTHENTICATION.union(*(form.model_fields for form in forms))


def form_request_of(request: HttpRequest, *, read: Set[str]) -> FormRequest:
    """The parameters that are read and the Authorization header; raises `InvalidRequestError`."""
    return FormRequest(
        form=parse_form(request.body, request.headers.get(b"content-type"), read=read),
        authorization=authorization_of(request),
    )


def authorization_of(request: HttpRequest) -> bytes | None:
    if b"authorization" in request.repeated:
        raise InvalidRequestError("The Authorization header is repeated.")
    return request.headers.get(b"authorization")
