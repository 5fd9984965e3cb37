"""Secrets and registration access tokens of clients."""

from datetime import timedelta
from typing import Annotated

from fastapi import Depends

from app.dependencies import ClientsDep, CoreDep
from app.routers.admin.access import require
from app.routers.admin.bodies import JsonBody
from app.routers.admin.parameters import ClientId
from app.routers.admin.routes import admin_router
from app.schemas.admin.clients import IssuedRegistrationToken, IssuedSecret, SecretCreate
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
