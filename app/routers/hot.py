"""Endpoints that the fast lane calls directly and FastAPI declares: one implementation for both."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.middleware.http import Endpoint, HttpRequest, HttpResponse
from app.oauth.errors import InvalidRequestError, OAuth2Error
from app.oauth.requests import FormRequest, parse_form
from app.routers.error_handlers import protocol_error, starlette_response
from app.wiring import Services

Answer = Callable[[Services, HttpRequest], Awaitable[HttpResponse]]


@dataclass(frozen=True, slots=True)
class HotEndpoint:
    """`answer` does the work; `documentation` is what FastAPI tells of it in `/openapi.json`."""

    method: str
    path: str
    answer: Answer
    documentation: dict[str, Any] = field(default_factory=dict)

    def bound_to(self, services: Services) -> Endpoint:
        """The endpoint as both lanes call it; what it refuses is part of its answer."""
        answer = self.answer

        async def endpoint(request: HttpRequest) -> HttpResponse:
            try:
                return await answer(services, request)
            except OAuth2Error as error:
                return protocol_error(error)

        return endpoint

    def declare(self, router: APIRouter) -> None:
        """Adds the route that answers when the fast lane is off, and that documents it."""

        async def route(request: Request) -> Response:
            endpoint = self.bound_to(request.app.state.services)
            request_value = HttpRequest.of(request.scope, await request.body())
            return starlette_response(await endpoint(request_value))

        router.add_api_route(self.path, route, methods=[self.method], **self.documentation)


def form_request_of(request: HttpRequest) -> FormRequest:
    """The parameters and the Authorization header; raises `InvalidRequestError`."""
    return FormRequest(
        form=parse_form(request.body, request.headers.get(b"content-type")),
        authorization=authorization_of(request),
    )


def authorization_of(request: HttpRequest) -> bytes | None:
    if b"authorization" in request.repeated:
        raise InvalidRequestError("The Authorization header is repeated.")
    return request.headers.get(b"authorization")


def form_body(schema: str | list[str], examples: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI's description of a form with named examples; several schemas are alternatives."""
    names = [schema] if isinstance(schema, str) else schema
    references = [{"$ref": f"#/components/schemas/{name}"} for name in names]
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": references[0] if len(references) == 1 else {"oneOf": references},
                    "examples": examples,
                }
            },
        }
    }
