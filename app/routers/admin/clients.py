"""Clients: their metadata, and what only administrators decide about them."""

from typing import Annotated

from fastapi import Depends, Query, Response

from app.dependencies import ClientsDep, OAuthDep
from app.oauth.administered_clients import body_type_of
from app.repositories.clients.client_search import ClientPosition
from app.routers.admin.access import require
from app.routers.admin.bodies import JsonBody, Members, MergePatch, merged, validated
from app.routers.admin.client_resources import client_resource
from app.routers.admin.cursors import PageDep
from app.routers.admin.parameters import ClientId
from app.routers.admin.preconditions import IfMatch, etag_of, set_etag
from app.routers.admin.routes import CREATED, WITH_ETAG, admin_router, created
from app.schemas.admin.clients import (
    AdminClientCreate,
    ClientAdminScopes,
    ClientDefaultResource,
    ClientDetails,
    ClientList,
    ClientPatch,
    ClientResource,
    ClientTrust,
    ClientWithSecret,
)
from app.schemas.admin_scopes import AdminScope
from app.schemas.clients import ClientCreate
from app.services.clients.kinds import metadata_of_kind
from app.services.clients.stated_clients import stated_members
from app.services.operations.authority import Authority

READS = require(AdminScope.CLIENTS_READ)
Writes = Annotated[Authority, require(AdminScope.CLIENTS_WRITE)]
Full = Annotated[Authority, require(AdminScope.ADMIN)]

router = admin_router("clients", tag="Clients")


@router.get("", dependencies=[READS])
async def list_clients(
    clients: ClientsDep,
    page: PageDep,
    search: Annotated[
        str | None,
        Query(max_length=128, description="Words that begin the ID or a word of the name."),
    ] = None,
) -> ClientList:
    """List clients by ID. A search lists them by the word that it finds."""
    if search:
        after = ClientPosition(*page.after) if page.after is not None else None
        matches = await clients.client_search.find(search, after=after, limit=page.size)
        matching, cursor = page.cut(matches, lambda row: row[1])
        items = [client_resource(client) for client, _ in matching]
        return ClientList(items=items, next_cursor=cursor)
    found = await clients.clients.list_page(after=page.last, limit=page.size)
    rows, cursor = page.cut(found, lambda client: client.client_id)
    return ClientList(items=[client_resource(each) for each in rows], next_cursor=cursor)


@router.post("", status_code=201, responses=CREATED)
async def add_client(
    authority: Writes,
    body: Annotated[AdminClientCreate, Depends(JsonBody(AdminClientCreate))],
    clients: ClientsDep,
    response: Response,
) -> ClientWithSecret:
    """Create a client of a kind, or from metadata. Its secret is shown only in this response."""
    of_kind = metadata_of_kind(body.kind) if body.kind is not None else {}
    new = await clients.administered.create(
        validated(ClientCreate, {**of_kind, **body.stated}),
        client_id=body.client_id,
        secret=body.client_secret,
        authority=authority,
    )
    created(response, f"clients/{new.client.client_id}", version=new.client.version)
    shown = client_resource(new.client).model_dump()
    return ClientWithSecret(**shown, client_secret=new.secret)


@router.get("/{client_id}", dependencies=[READS], responses=WITH_ETAG)
async def get_client(client_id: ClientId, clients: ClientsDep, response: Response) -> ClientDetails:
    """Return a client with how many users allowed it, and when it last got a token."""
    client = await clients.clients.get(client_id)
    usage = await clients.usage.of_client(client_id)
    set_etag(response, client.version)
    shown = client_resource(client).model_dump()
    return ClientDetails(**shown, users=usage.users, last_token_at=usage.last_token_at)


@router.patch("/{client_id}", responses=WITH_ETAG)
async def change_client(
    client_id: ClientId,
    authority: Writes,
    precondition: IfMatch,
    patch: Annotated[Members, Depends(MergePatch(ClientPatch))],
    clients: ClientsDep,
    response: Response,
) -> ClientWithSecret:
    """Change the metadata of a client. One that now needs a secret gets it in this response."""
    before = await clients.clients.get(client_id)
    precondition.check(etag_of(before.version))
    members = merged(stated_members(before), patch)
    members = {name: value for name, value in members.items() if value is not None}
    body = validated(body_type_of(before, members), members)
    changed = await clients.administered.change(before, body, authority=authority)
    set_etag(response, changed.client.version)
    shown = client_resource(changed.client).model_dump()
    return ClientWithSecret(**shown, client_secret=changed.secret)


@router.delete("/{client_id}", status_code=204)
async def remove_client(
    client_id: ClientId, authority: Writes, precondition: IfMatch, clients: ClientsDep
) -> None:
    """Delete a client. Its tokens become invalid, and its ID stays taken."""
    client = await clients.clients.get(client_id)
    precondition.check(etag_of(client.version))
    await clients.administration.delete(client_id, version=client.version, authority=authority)


@router.post("/{client_id}/disable", responses=WITH_ETAG)
async def disable_client(
    client_id: ClientId, authority: Writes, clients: ClientsDep, response: Response
) -> ClientResource:
    """Disable a client. Its tokens are invalid until it is enabled again."""
    client = await clients.administration.set_disabled(
        client_id, disabled=True, authority=authority
    )
    set_etag(response, client.version)
    return client_resource(client)


@router.post("/{client_id}/enable", responses=WITH_ETAG)
async def enable_client(
    client_id: ClientId, authority: Writes, clients: ClientsDep, response: Response
) -> ClientResource:
    """Enable a client that was disabled."""
    client = await clients.administration.set_disabled(
        client_id, disabled=False, authority=authority
    )
    set_etag(response, client.version)
    return client_resource(client)


@router.put("/{client_id}/trust", responses=WITH_ETAG)
async def set_client_trust(
    client_id: ClientId,
    authority: Writes,
    precondition: IfMatch,
    body: Annotated[ClientTrust, Depends(JsonBody(ClientTrust))],
    clients: ClientsDep,
    response: Response,
) -> ClientResource:
    """Set the trust in a client."""
    before = await clients.clients.get(client_id)
    precondition.check(etag_of(before.version))
    client = await clients.administration.set_trust(
        client_id, body.trust, version=before.version, authority=authority
    )
    set_etag(response, client.version)
    return client_resource(client)


@router.put("/{client_id}/default-resource", responses=WITH_ETAG)
async def set_client_default_resource(
    client_id: ClientId,
    authority: Writes,
    precondition: IfMatch,
    body: Annotated[ClientDefaultResource, Depends(JsonBody(ClientDefaultResource))],
    clients: ClientsDep,
    oauth: OAuthDep,
    response: Response,
) -> ClientResource:
    """Set the resource of the client's requests that name none, which the client may request."""
    before = await clients.clients.get(client_id)
    precondition.check(etag_of(before.version))
    client = await oauth.default_resources.set(
        client_id, body.default_resource, version=before.version, authority=authority
    )
    set_etag(response, client.version)
    return client_resource(client)


@router.put("/{client_id}/admin-scopes", responses=WITH_ETAG)
async def set_client_admin_scopes(
    client_id: ClientId,
    authority: Full,
    precondition: IfMatch,
    body: Annotated[ClientAdminScopes, Depends(JsonBody(ClientAdminScopes))],
    clients: ClientsDep,
    response: Response,
) -> ClientResource:
    """Set the scopes of the admin API that a client may have. Needs a full administrator."""
    before = await clients.clients.get(client_id)
    precondition.check(etag_of(before.version))
    client = await clients.administration.set_admin_scopes(
        client_id, body.admin_scopes, version=before.version, authority=authority
    )
    set_etag(response, client.version)
    return client_resource(client)
