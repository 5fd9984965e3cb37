"""What FastAPI cannot infer about our API.

These are the forms of `/token` and other endpoints, and the two security schemes.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.responses import JSONResponse, Response

from app.concurrency.single_flight import SingleFlight
from app.dependencies import openapi_document
from app.oauth.scopes import SCOPES
from app.routers.hot import HotEndpoint
from app.schemas.clients import DEFAULT_SCOPE
from app.schemas.problems import Problem
from app.schemas.registration import ClientRegister
from app.schemas.tokens import ProtocolError
from app.wiring import OAuth, Services

DESCRIPTION = (
    "\nRegister a user, confirm the TOTP enrolment, create a client, get tokens, and use "
    "them.\n\n**Authorize** takes the client ID and secret for the password, client credentials "
    "and authorization\ncode flows. For the authorization code flow, register the URL of this "
    "page followed by\n`/oauth2-redirect.html` as a redirect URI, such as "
    "`http://localhost:5000/docs/oauth2-redirect.html`.\n"
)
OFFERED_SCOPES = {name: SCOPES[name] for name in DEFAULT_SCOPE.split()}
"""The scopes of a client registered without `scope`, so that it can select all of them."""
FLOWS: dict[str, dict[str, str]] = {
    "password": {"name": "password", "tokenUrl": "/token", "refreshUrl": "/token"},
    "client_credentials": {"name": "clientCredentials", "tokenUrl": "/token"},
    "authorization_code": {
        "name": "authorizationCode",
        "authorizationUrl": "/authorize",
        "tokenUrl": "/token",
        "refreshUrl": "/token",
    },
}
"""The flows of OpenAPI, by grant type; it knows no others."""
FASTAPI_SCHEMAS = ("HTTPValidationError", "ValidationError")


def describe(
    application: FastAPI,
    endpoints: Sequence[HotEndpoint],
    *,
    grant_types: Collection[str],
    is_served: bool,
    models: Callable[[], Sequence[type[BaseModel]]],
) -> None:
    """Complete `/openapi.json`, which is generated once, and serve it if the server has `/docs`.

    `models` returns those of bodies that FastAPI does not read; it may add routes.
    """
    forms = [form for endpoint in endpoints for form in endpoint.forms]

    def openapi() -> dict[str, Any]:
        if application.openapi_schema is None:
            further_models = models()
            document = _complete(
                get_openapi(
                    title=application.title,
                    version=application.version,
                    description=DESCRIPTION,
                    routes=application.routes,
                ),
                [*forms, ClientRegister, ProtocolError, Problem, *further_models],
                _security_schemes(grant_types),
            )
            schemas = document["components"]["schemas"]
            for form in forms:
                _without_null(schemas[form.__name__])
            for endpoint in endpoints:
                if len(endpoint.forms) == 1:
                    _fill_in_example(schemas[endpoint.forms[0].__name__], endpoint)
            application.openapi_schema = document  # complete: others read it meanwhile
        return application.openapi_schema

    async def generate(_: str) -> dict[str, Any]:
        return await asyncio.to_thread(openapi)

    async def respond(request: Request) -> Response:
        document = await openapi_document(request.app)
        services: Services = request.app.state.services
        return JSONResponse(_with_scopes(document, await _described_scopes(services.oauth)))

    application.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way
    application.state.generate_document = SingleFlight(generate, is_outbound=False)
    if is_served:
        application.add_route("/openapi.json", respond, include_in_schema=False)


async def _described_scopes(oauth: OAuth) -> dict[str, str]:
    """Return the scopes that administrators described, as discovery lists them: those of the
    catalogue, and those of the resources that show their metadata."""
    resources = await oauth.resource_catalogue.published()
    described = {
        scope.name: scope.description for resource in resources for scope in resource.scopes
    }
    of_catalogue = await oauth.scope_catalogue.scopes()
    return described | {scope.name: scope.description for scope in of_catalogue.values()}


def _with_scopes(document: Mapping[str, Any], scopes: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the document with further scopes that users of `/docs` can select."""
    if not scopes:
        return document
    components = document["components"]
    schemes = components["securitySchemes"]
    flows = {
        name: {**flow, "scopes": {**scopes, **flow["scopes"]}}
        for name, flow in schemes["OAuth2"]["flows"].items()
    }
    oauth2 = {**schemes["OAuth2"], "flows": flows}
    return {
        **document,
        "components": {**components, "securitySchemes": {**schemes, "OAuth2": oauth2}},
    }


def _security_schemes(grant_types: Collection[str]) -> dict[str, Any]:
    flows = {
        flow["name"]: {
            **{key: url for key, url in flow.items() if key != "name"},
            "scopes": OFFERED_SCOPES,
        }
        for grant_type, flow in FLOWS.items()
        if grant_type in grant_types
    }
    return {
        "OAuth2": {"type": "oauth2", "flows": flows},
        "ClientBasic": {
            "type": "http",
            "scheme": "basic",
            "description": "The client ID and secret (client_secret_basic).",
        },
    }


def _complete(
    schema: dict[str, Any],
    models: Sequence[type[BaseModel]],
    security_schemes: dict[str, Any],
) -> dict[str, Any]:
    _, definitions = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    components = schema.setdefault("components", {})
    components.setdefault("schemas", {}).update(definitions.get("$defs", {}))
    components.setdefault("securitySchemes", {}).update(security_schemes)
    for name in FASTAPI_SCHEMAS:
        components["schemas"].pop(name, None)
    for path in schema["paths"].values():
        for operation in path.values():
            _drop_fastapi_errors(operation["responses"])
    return schema


def _drop_fastapi_errors(responses: dict[str, Any]) -> None:
    """Remove FastAPI's own 422: ours are problem details, which the routes declare."""
    if "HTTPValidationError" in str(responses.get("422", "")):
        del responses["422"]


def _without_null(form: dict[str, Any]) -> None:
    """Describe the optional parameters of a form as absent, since a form has no null."""
    for name, parameter in form["properties"].items():
        variants = [
            variant for variant in parameter.get("anyOf", ()) if variant != {"type": "null"}
        ]
        if len(variants) == 1:
            other_keys = {key: value for key, value in parameter.items() if key != "anyOf"}
            form["properties"][name] = parameter = {**other_keys, **variants[0]}
        if parameter.get("default", "") is None:
            del parameter["default"]


def _fill_in_example(form: dict[str, Any], endpoint: HotEndpoint) -> None:
    """Set what Swagger UI puts into each field; by default it puts "string" into optional ones."""
    example: dict[str, Any] = next(iter(endpoint.examples.values()))["value"]
    for name, parameter in form["properties"].items():
        parameter["examples"] = [example.get(name, "")]
