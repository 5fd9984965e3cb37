"""Initial access tokens, with which clients register."""

from datetime import timedelta
from typing import Annotated

from fastapi import Depends

from app.dependencies import ClientsDep
from app.models.clients.initial_access_tokens import InitialAccessToken
from app.routers.admin.access import require
from app.routers.admin.bodies import JsonBody
from app.routers.admin.cursors import PageDep
from app.routers.admin.parameters import TokenId
from app.routers.admin.routes import admin_router
from app.schemas.admin.initial_access_tokens import (
    InitialAccessTokenCreate,
    InitialAccessTokenCreated,
    InitialAccessTokenList,
    InitialAccessTokenResource,
)
from app.schemas.admin_scopes import AdminScope
from app.services.operations.authority import Authority

READS = require(AdminScope.TOKENS_READ)
Writes = Annotated[Authority, require(AdminScope.TOKENS_WRITE)]

router = admin_router("initial-access-tokens", tag="Initial access tokens")


@router.get("", dependencies=[READS])
async def list_initial_access_tokens(clients: ClientsDep, page: PageDep) -> InitialAccessTokenList:
    """List the valid tokens, without their secrets."""
    rows = await clients.initial_access_tokens.list_page(after=page.last, limit=page.size)
    tokens, cursor = page.cut(rows, lambda token: token.token_id)
    return InitialAccessTokenList(items=[_resource(each) for each in tokens], next_cursor=cursor)


@router.post("", status_code=201)
async def create_initial_access_token(
    authority: Writes,
    body: Annotated[InitialAccessTokenCreate, Depends(JsonBody(InitialAccessTokenCreate))],
    clients: ClientsDep,
) -> InitialAccessTokenCreated:
    """Create a token. Anyone who holds it can register clients."""
    secret, token = await clients.initial_access_tokens.create(
        body.label, lasts=timedelta(seconds=body.expires_in), authority=authority
    )
    return InitialAccessTokenCreated(**_resource(token).model_dump(), initial_access_token=secret)


@router.delete("/{token_id}", status_code=204)
async def revoke_initial_access_token(
    token_id: TokenId, authority: Writes, clients: ClientsDep
) -> None:
    """Revoke a token. Clients that registered with it remain."""
    await clients.initial_access_tokens.revoke(token_id, authority=authority)


def _resource(token: InitialAccessToken) -> InitialAccessTokenResource:
    return InitialAccessTokenResource.model_validate(token, from_attributes=True)
