"""What FastAPI cannot know by itself about our API: the forms of `/token` and the two ways in."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.oauth.scopes import SCOPES
from app.routers.hot import HotEndpoint
from app.schemas.problems import Problem
from app.schemas.registration import ClientRegister
from app.schemas.tokens import ProtocolError

DESCRIPTION = """
Register a person, confirm the TOTP enrolment, create a client, get tokens, use them.

**Authorize** takes the client's id and secret, for the password and the client credentials flow.
"""
SECURITY_SCHEMES = {
    "OAuth2": {
        "type": "oauth2",
        "flows": {
            "password": {"tokenUrl": "/token", "refreshUrl": "/token", "scopes": SCOPES},
            "clientCredentials": {"tokenUrl": "/token", "scopes": SCOPES},
        },
    },
    "ClientBasic": {
        "type": "http",
        "scheme": "basic",
        "description": "The client's id and secret (client_secret_basic).",
    },
}
FASTAPI_SCHEMAS = ("HTTPValidationError", "ValidationError")


def describe(application: FastAPI, endpoints: Sequence[HotEndpoint]) -> None:
    """Makes `/openapi.json` complete; it is generated once."""
    schemas = [form for endpoint in endpoints for form in endpoint.forms]

    def openapi() -> dict[str, Any]:
        if application.openapi_schema is None:
            application.openapi_schema = _complete(
                get_openapi(
                    title=application.title,
                    version=application.version,
                    description=DESCRIPTION,
                    routes=application.routes,
                ),
                [*schemas, ClientRegister, ProtocolError, Problem],
            )
        return application.openapi_schema

    application.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def _complete(schema: dict[str, Any], models: Sequence[type[BaseModel]]) -> dict[str, Any]:
    _, definitions = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    components = schema.setdefault("components", {})
    components.setdefault("schemas", {}).update(definitions.get("$defs", {}))
    components.setdefault("securitySchemes", {}).update(SECURITY_SCHEMES)
    for name in FASTAPI_SCHEMAS:
        components["schemas"].pop(name, None)
    for path in schema["paths"].values():
        for operation in path.values():
            _drop_fastapi_errors(operation["responses"])
    return schema


def _drop_fastapi_errors(responses: dict[str, Any]) -> None:
    """FastAPI documents a 422 of its own; ours are problem details, and declared by the routes."""
    if "HTTPValidationError" in str(responses.get("422", "")):
        del responses["422"]
