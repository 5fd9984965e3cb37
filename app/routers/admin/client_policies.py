"""Policies of clients: who may use them and how, and what their tokens contain."""

from typing import Annotated

from fastapi import Depends, Response

from app.dependencies import ClientsDep
from app.models.clients.clients import Client
from app.routers.admin.access import require
from app.routers.admin.bodies import JsonBody, Members, MergePatch, merged, validated
from app.routers.admin.parameters import ClientId
from app.routers.admin.preconditions import IfMatch, etag_of, set_etag
from app.routers.admin.routes import WITH_ETAG, admin_router
from app.schemas.admin.policies import ClientPoliciesPatch
from app.schemas.admin_scopes import AdminScope
from app.schemas.client_policies import ClientPolicies
from app.services.operations.authority import Authority

READS = require(AdminScope.POLICIES_READ)
Writes = Annotated[Authority, require(AdminScope.POLICIES_WRITE)]

router = admin_router("clients", tag="Policies")


@router.get("/{client_id}/policies", dependencies=[READS], responses=WITH_ETAG)
async def read_client_policies(
    client_id: ClientId, clients: ClientsDep, response: Response
) -> ClientPolicies:
    """Return the policies of a client. Null leaves a decision to the general settings."""
    client = await clients.clients.get(client_id)
    set_etag(response, client.version)
    return _policies_of(client)


@router.put("/{client_id}/policies", responses=WITH_ETAG)
async def replace_client_policies(
    client_id: ClientId,
    authority: Writes,
    precondition: IfMatch,
    body: Annotated[ClientPolicies, Depends(JsonBody(ClientPolicies))],
    clients: ClientsDep,
    response: Response,
) -> ClientPolicies:
    """Replace the policies of a client, which hold from the next request on."""
    before = await clients.clients.get(client_id)
    precondition.check(etag_of(before.version))
    client = await clients.policies.set(
        client_id, body, version=before.version, authority=authority
    )
    set_etag(response, client.version)
    return _policies_of(client)


@router.patch("/{client_id}/policies", responses=WITH_ETAG)
async def change_client_policies(
    client_id: ClientId,
    authority: Writes,
    precondition: IfMatch,
    patch: Annotated[Members, Depends(MergePatch(ClientPoliciesPatch))],
    clients: ClientsDep,
    response: Response,
) -> ClientPolicies:
    """Change some policies of a client. Null returns one to the general rule."""
    before = await clients.clients.get(client_id)
    precondition.check(etag_of(before.version))
    stated = _policies_of(before).model_dump(mode="json", exclude_defaults=True)
    client = await clients.policies.set(
        client_id,
        validated(ClientPolicies, merged(stated, patch)),
        version=before.version,
        authority=authority,
    )
    set_etag(response, client.version)
    return _policies_of(client)


def _policies_of(client: Client) -> ClientPolicies:
    return client.policies_in_force or ClientPolicies()
