"""Secrets and registration access tokens of clients."""

from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Response

from app.dependencies import ClientsDep, CoreDep
from app.routers.admin.access import require
from app.routers.admin.bodies import JsonBody
from app.routers.admin.client_resources import client_resource
from app.routers.admin.parameters import ClientId
from app.routers.admin.preconditions import IfMatch, etag_of, set_etag
from app.routers.admin.routes import WITH_ETAG, admin_router
from app.schemas.admin.clients import (
    ClientResource,
    IssuedRegistrationToken,
    IssuedSecret,
    SecretCreate,
    SecretExpiry,
)
from app.schemas.admin_scopes import AdminScope
from app.services.operations.authority import Authority

Writes = Annotated[Authority, require(AdminScope.CLIENTS_WRITE)]

router = admin_router("clients", tag="Clients")


@router.post("/{client_id}/secrets", status_code=201)
async def rotate_client_secret(
    client_id: ClientId,
    authority: Writes,
    body: Annotated[SecretCreate, Depends(JsonBody(SecretCreate))],
    clients: ClientsDep,
) -> IssuedSecret:
    """Issue a secret. The current one remains valid for the overlap, if there is one."""
    secret = await clients.secrets.replace(
        client_id,
        overlap=timedelta(seconds=body.overlap),
        secret=body.client_secret,
        expires_at=body.expires_at,
        authority=authority,
    )
    client = await clients.clients.get(client_id)
    return IssuedSecret(
        client_id=client_id,
        client_secret=secret,
        secret_expires_at=client.secret_expires_at,
        previous_secret_expires_at=client.previous_secret_expires_at,
    )


@router.put("/{client_id}/secrets/expiry", responses=WITH_ETAG)
async def set_client_secret_expiry(
    client_id: ClientId,
    authority: Writes,
    precondition: IfMatch,
    body: Annotated[SecretExpiry, Depends(JsonBody(SecretExpiry))],
    clients: ClientsDep,
    response: Response,
) -> ClientResource:
    """Let the current secret expire at a time, or never."""
    before = await clients.clients.get(client_id)
    precondition.check(etag_of(before.version))
    client = await clients.secrets.set_expiry(
        client_id, body.expires_at, version=before.version, authority=authority
    )
    set_etag(response, client.version)
    return client_resource(client)


@router.delete("/{client_id}/secrets/previous", status_code=204)
async def revoke_previous_client_secret(
    client_id: ClientId, authority: Writes, clients: ClientsDep
) -> None:
    """Revoke the secret that is being replaced. Succeeds if there is none."""
    await clients.secrets.revoke_previous(client_id, authority=authority)


@router.post("/{client_id}/registration-token", status_code=201)
async def issue_registration_token(
    client_id: ClientId, authority: Writes, clients: ClientsDep, core: CoreDep
) -> IssuedRegistrationToken:
    """Issue a token by which the client changes itself. An earlier one is revoked."""
    token = await clients.registration_tokens.issue(client_id, authority=authority)
    return IssuedRegistrationToken(
        client_id=client_id,
        registration_access_token=token,
        registration_client_uri=core.links.client_registration(client_id),
    )


@router.delete("/{client_id}/registration-token", status_code=204)
async def revoke_registration_token(
    client_id: ClientId, authority: Writes, clients: ClientsDep
) -> None:
    """Revoke the registration access token of a client. Succeeds if it has none."""
    await clients.registration_tokens.revoke(client_id, authority=authority)
