"""Dynamic registration: `/register` (RFC 7591) and `/register/{client_id}` (RFC 7592)."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import ValidationError
from starlette.responses import JSONResponse

from app.dependencies import ClientsDep, CoreDep, is_admin
from app.middleware.cors import CorsPolicy, CrossOrigin
from app.models.clients.clients import Client
from app.oauth.descriptions import Description
from app.oauth.errors import (
    InvalidClientMetadataError,
    InvalidRedirectUriError,
    InvalidTokenError,
    MissingTokenError,
)
from app.observability import request_context
from app.routers.openapi_errors import protocol_errors
from app.schemas.registration import ClientInformation, ClientRegister
from app.wiring import Clients, Core

PATH = "/register"
CORS = CorsPolicy(CrossOrigin.ANY, ("POST",))
CORS_OF_CLIENT = CorsPolicy(CrossOrigin.ANY, ("GET", "PUT", "DELETE"))
"""Apps in browsers register themselves and manage that with a token, not with cookies."""

router = APIRouter(tags=["Clients"])

bearer = HTTPBearer(
    auto_error=False,
    scheme_name="RegistrationToken",
    description="An initial access token, or the registration access token of a client.",
)
BearerDep = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
JSON = "application/json"
NO_STORE = {"Cache-Control": "no-store"}
ERRORS = protocol_errors(
    {
        400: ("The metadata is refused.", "invalid_client_metadata"),
        401: ("The token is missing or not valid.", "invalid_token"),
    }
)
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/ClientRegister"}}},
    }
}


async def read_body(request: Request) -> ClientRegister:
    """Return the metadata; raise the errors of RFC 7591 section 3.2.2 instead of a 422."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise InvalidClientMetadataError(Description.BODY_NOT_SENT_AS_JSON)
    try:
        metadata = json.loads(await request.body())
        return ClientRegister.model_validate(metadata)
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        member = str(problem["loc"][0]) if problem["loc"] else "metadata"
        kind = InvalidRedirectUriError if member == "redirect_uris" else InvalidClientMetadataError
        raise kind(_sentence(member, problem["msg"])) from None
    except (ValueError, RecursionError):
        raise InvalidClientMetadataError(Description.BODY_NOT_JSON) from None


@router.post(
    "/register",
    status_code=201,
    response_model=ClientInformation,
    responses=ERRORS,
    openapi_extra=BODY,
)
async def register_client(
    core: CoreDep, clients: ClientsDep, bearer: BearerDep, request: Request
) -> Response:
    """Register a client (RFC 7591).

    Depending on the server's settings, registration is open to anyone, requires an initial access
    token, or is off.
    """
    is_invited = await _is_invited(core, clients, bearer)
    metadata = await read_body(request)
    if not is_invited:
        await core.limits.count_client_registration()
    registered = await clients.registration.register(metadata, is_invited=is_invited)
    body = clients.clients.information(registered.client)
    body["client_secret"] = registered.secret
    body["registration_access_token"] = registered.registration_token
    return _answer(core, registered.client, body, status=201)


@router.get("/register/{client_id}", response_model=ClientInformation, responses=ERRORS)
async def read_client(
    client_id: str, core: CoreDep, clients: ClientsDep, bearer: BearerDep
) -> Response:
    """Return a client's registration (RFC 7592 section 2.1)."""
    client, token = await _own_client(clients, client_id, bearer)
    body = clients.clients.information(client) | {"registration_access_token": token}
    return _answer(core, client, body)


@router.put(
    "/register/{client_id}",
    response_model=ClientInformation,
    responses=ERRORS,
    openapi_extra=BODY,
)
async def update_client(
    client_id: str, core: CoreDep, clients: ClientsDep, bearer: BearerDep, request: Request
) -> Response:
    """Replace a client's registration (RFC 7592 section 2.2)."""
    client, token = await _own_client(clients, client_id, bearer)
    metadata = await read_body(request)
    updated = await clients.registration.update(client, metadata, registration_token=token)
    information = clients.clients.information(updated.client)
    information["client_secret"] = updated.secret
    information["registration_access_token"] = token
    return _answer(core, updated.client, information)


@router.delete("/register/{client_id}", status_code=204, responses=ERRORS)
async def delete_client(client_id: str, clients: ClientsDep, bearer: BearerDep) -> None:
    """Delete a client and revoke its tokens (RFC 7592 section 2.3)."""
    client, _ = await _own_client(clients, client_id, bearer)
    await clients.clients.delete(client)


async def _is_invited(
    core: Core, clients: Clients, bearer: HTTPAuthorizationCredentials | None
) -> bool:
    """Return whether the request has an initial access token or the administrator's token.

    Raises `MissingTokenError` if a token is required and `InvalidTokenError` if it is not valid.
    Where registration is `off`, only the administrator's token is valid.
    """
    mode = core.registration_policy.dynamic_registration
    if bearer is None:
        if mode == "open":
            return False
        raise MissingTokenError(Description.INITIAL_ACCESS_TOKEN_REQUIRED)
    if is_admin(core, bearer):
        return True
    if mode != "off" and await clients.initial_access_tokens.is_valid(bearer.credentials):
        return True
    await core.limits.count_admin_error()
    raise InvalidTokenError(
        Description.INITIAL_ACCESS_TOKEN_INVALID,
        reason="the initial access token is unknown, expired, or not accepted here",
    )


async def _own_client(
    clients: Clients, client_id: str, bearer: HTTPAuthorizationCredentials | None
) -> tuple[Client, str]:
    """Return the client and its registration access token (RFC 7592 section 3).

    The error is the same for a wrong token and for an unknown client.
    """
    request_context.name_client(client_id)
    if bearer is None:
        raise MissingTokenError(Description.REGISTRATION_TOKEN_REQUIRED)
    client = await clients.clients.find_by_registration_token(client_id, bearer.credentials)
    if client is None:
        raise InvalidTokenError(
            Description.REGISTRATION_TOKEN_INVALID,
            reason="the client is unknown or disabled, or the token belongs to another client",
        )
    return client, bearer.credentials


def _answer(core: Core, client: Client, body: dict[str, Any], *, status: int = 200) -> Response:
    body["registration_client_uri"] = core.links.client_registration(client.client_id)
    members = {name: value for name, value in body.items() if value is not None}
    return JSONResponse(members, status_code=status, headers=NO_STORE)


def _sentence(member: str, message: str) -> str:
    """Return a description in plain ASCII without quotes, as the protocol requires."""
    name = member if member.isascii() and member.replace("_", "").isalnum() else "metadata"
    text = message.removeprefix("Value error, ").replace('"', "").replace("\\", "").replace("'", "")
    return f"{name}: {text}".encode("ascii", "replace").decode("ascii")
