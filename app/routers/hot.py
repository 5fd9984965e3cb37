"""Endpoints that the fast lane calls directly and FastAPI declares, with one implementation."""

from collections.abc import Awaitable, Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from app.middleware.cors import CrossOrigin
from app.middleware.http import Endpoint, Headers, HttpRequest, HttpResponse
from app.oauth.client_auth import FORM_PARAMETERS
from app.oauth.descriptions import Description
from app.oauth.dpop.errors import InvalidDpopProofError
from app.oauth.dpop.proofs import PresentedProof
from app.oauth.errors import InvalidRequestError, OAuth2Error
from app.oauth.requests import FormRequest, parse_form
from app.routers.error_handlers import protocol_error
from app.routers.json_responses import starlette_response
from app.wiring import OAuth, Services

DPOP = b"dpop"
Answer = Callable[[OAuth, HttpRequest], Awaitable[HttpResponse]]


DPOP_HEADER: dict[str, Any] = {
    "parameters": [
        {
            "name": "DPoP",
            "in": "header",
            "required": False,
            "description": (
                "A proof of possession of a key (RFC 9449). It binds what is issued to the key; "
                "with a token that is bound, it is required."
            ),
            "schema": {"type": "string"},
        }
    ]
}
"""What OpenAPI says about an endpoint that takes proofs."""


@dataclass(frozen=True, slots=True)
class HotEndpoint:
    """An endpoint that both lanes call.

    `answer` handles the request; `documentation` holds FastAPI's arguments that describe it in
    `/openapi.json`. `forms` are the alternatives for its body, with `examples`; `openapi_extra`
    replaces both if the body is described in another way.
    `cross_origin` says which origins may call it from a browser. One that `takes_proofs` reads the
    DPoP header. If it `speaks_protocol`, its errors have the format of RFC 6749 section 5.2,
    including those raised before it is called.
    """

    method: str
    path: str
    answer: Answer
    documentation: dict[str, Any] = field(default_factory=dict)
    cross_origin: CrossOrigin = field(kw_only=True)
    takes_proofs: bool = field(kw_only=True)
    forms: tuple[type[BaseModel], ...] = ()
    examples: dict[str, Any] = field(default_factory=dict)
    openapi_extra: dict[str, Any] | None = None
    speaks_protocol: bool = True

    def bound_to(self, services: Services) -> Endpoint:
        """Return the endpoint as both lanes call it; it turns protocol errors into responses."""
        answer, oauth = self.answer, services.oauth

        async def endpoint(request: HttpRequest) -> HttpResponse:
            try:
                return await answer(oauth, request)
            except OAuth2Error as error:  # expected; `PosternApp` handles any other error
                return protocol_error(error)

        return endpoint

    def declare(self, router: APIRouter) -> None:
        """Add the route that documents the endpoint, and handles it when the fast lane is off."""

        async def route(request: Request) -> Response:
            endpoint = self.bound_to(request.app.state.services)
            http_request = HttpRequest.of(request.scope, await request.body())
            return starlette_response(await endpoint(http_request))

        router.add_api_route(
            self.path,
            route,
            methods=[self.method],
            openapi_extra={**self._extra(), **(DPOP_HEADER if self.takes_proofs else {})},
            **self.documentation,
        )

    def _extra(self) -> dict[str, Any]:
        """Return what FastAPI cannot infer: the form and how the client authenticates."""
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


def router_of(endpoints: Iterable[HotEndpoint]) -> APIRouter:
    """Return a router with the endpoints."""
    router = APIRouter()
    for endpoint in endpoints:
        endpoint.declare(router)
    return router


def read_by(*forms: type[BaseModel]) -> frozenset[str]:
    """Return the names of the parameters that an endpoint with these forms reads."""
    return FORM_PARAMETERS.union(*(form.model_fields for form in forms))


def form_request_of(request: HttpRequest, *, read: Set[str]) -> FormRequest:
    """Return the parameters named in `read` and the Authorization header.

    Raises `InvalidRequestError`.
    """
    headers = request.headers
    if request.repeated:
        authorization, dpop = authorization_of(request), dpop_of(request, algorithms=None)
    else:
        authorization, dpop = headers.get(b"authorization"), headers.get(DPOP)
    return FormRequest(
        parse_form(request.body, headers.get(b"content-type"), read=read),
        authorization,
        dpop,
        request.certificate,
    )


def authorization_of(request: HttpRequest) -> bytes | None:
    if b"authorization" in request.repeated:
        raise InvalidRequestError(Description.SEVERAL_AUTHORIZATION_HEADERS)
    return request.headers.get(b"authorization")


def dpop_of(request: HttpRequest, *, algorithms: Sequence[str] | None) -> bytes | None:
    """Return the DPoP header (RFC 9449 section 4.3); raises `InvalidDpopProofError` for several."""
    if DPOP in request.repeated:
        raise InvalidDpopProofError(Description.SEVERAL_DPOP_HEADERS, algorithms=algorithms)
    return request.headers.get(DPOP)


def presented_proof(oauth: OAuth, request: HttpRequest) -> PresentedProof:
    """Return what a proof at a protected resource has to match."""
    header = dpop_of(request, algorithms=oauth.bearer_tokens.proof_algorithms)
    return PresentedProof(header, request.method, request.path)


def with_nonce(headers: Headers, oauth: OAuth, request: HttpRequest) -> Headers:
    """Return headers of a response with the nonce for the client's next proof, if it needs one."""
    if DPOP not in request.headers:
        return headers
    nonce = oauth.dpop_proofs.nonce_for_next()
    return headers if nonce is None else (*headers, (b"dpop-nonce", nonce.encode("ascii")))
