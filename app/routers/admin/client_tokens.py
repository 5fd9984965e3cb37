"""What users allowed a client, and the tokens that it has."""

from datetime import datetime
from typing import Annotated

from app.dependencies import ClientsDep
from app.models.oauth.actors import parse_actors
from app.repositories.oauth.client_tokens import AccessPosition, ClientFamily, FamilyPosition
from app.routers.admin.access import require
from app.routers.admin.cursors import PageDep, Position
from app.routers.admin.parameters import ClientId, ClientTokenId, UserId
from app.routers.admin.routes import admin_router
from app.schemas.admin.client_tokens import (
    ClientTokenList,
    ClientTokenResource,
    ConsentList,
    ConsentResource,
)
from app.schemas.admin_scopes import AdminScope
from app.services.clients.client_tokens import ClientTokens, TokenPosition
from app.services.operations.authority import Authority

READS_CLIENTS = require(AdminScope.CLIENTS_READ)
READS_TOKENS = require(AdminScope.TOKENS_READ)
WritesClients = Annotated[Authority, require(AdminScope.CLIENTS_WRITE)]
WritesTokens = Annotated[Authority, require(AdminScope.TOKENS_WRITE)]
FAMILY = "sign_in"

router = admin_router("clients", tag="Clients")


@router.get("/{client_id}/consents", dependencies=[READS_CLIENTS])
async def list_client_consents(
    client_id: ClientId, clients: ClientsDep, page: PageDep
) -> ConsentList:
    """List what users allowed a client."""
    await clients.clients.get(client_id)
    rows = await clients.client_consents.list_page(client_id, after=page.last, limit=page.size)
    consents, cursor = page.cut(rows, lambda consent: consent.user_id)
    items = [ConsentResource.model_validate(each, from_attributes=True) for each in consents]
    return ConsentList(items=items, next_cursor=cursor)


@router.delete("/{client_id}/consents/{user_id}", status_code=204)
async def revoke_client_consent(
    client_id: ClientId, user_id: UserId, authority: WritesClients, clients: ClientsDep
) -> None:
    """Revoke the consent of a user, with the tokens that the client has for them."""
    await clients.clients.get(client_id)
    await clients.client_consents.revoke(client_id, user_id, authority=authority)


@router.get("/{client_id}/tokens", dependencies=[READS_TOKENS])
async def list_client_tokens(
    client_id: ClientId, clients: ClientsDep, page: PageDep
) -> ClientTokenList:
    """List the valid tokens of a client: those of users first, the newest first."""
    await clients.clients.get(client_id)
    after = _position_at(page.after) if page.after is not None else None
    rows = await clients.client_tokens.list_page(client_id, after=after, limit=page.size)
    tokens, cursor = page.cut(rows, _position_of)
    return ClientTokenList(items=[_resource(each) for each in tokens], next_cursor=cursor)


@router.delete("/{client_id}/tokens", status_code=204)
async def revoke_client_tokens(
    client_id: ClientId, authority: WritesTokens, clients: ClientsDep
) -> None:
    """Revoke every token of a client. Disable it to keep it from getting new ones."""
    await clients.client_tokens.revoke_all(client_id, authority=authority)


@router.delete("/{client_id}/tokens/{token_id}", status_code=204)
async def revoke_client_token(
    client_id: ClientId, token_id: ClientTokenId, authority: WritesTokens, clients: ClientsDep
) -> None:
    """Revoke a token, or all tokens of a sign-in."""
    await clients.client_tokens.revoke(client_id, token_id, authority=authority)


def _position_of(tokens: ClientTokens) -> Position:
    if isinstance(tokens, ClientFamily):
        return [FAMILY, tokens.created_at.isoformat(), tokens.family_id]
    return ["client", tokens.issued_at.isoformat(), tokens.digest.hex()]


def _position_at(position: Position) -> TokenPosition:
    kind, at, key = position
    if kind == FAMILY:
        return FamilyPosition(datetime.fromisoformat(at), key)
    return AccessPosition(datetime.fromisoformat(at), bytes.fromhex(key))


def _resource(tokens: ClientTokens) -> ClientTokenResource:
    if isinstance(tokens, ClientFamily):
        return ClientTokenResource(
            token_id=tokens.family_id,
            kind="sign_in" if tokens.subject_client_id is None else "exchange",
            user_id=tokens.user_id,
            username=tokens.username,
            session_id=tokens.session_id,
            scope=tokens.scope,
            created_at=tokens.created_at,
            expires_at=tokens.expires_at,
            subject_client_id=tokens.subject_client_id,
            about_client_id=tokens.about_client_id,
            actors=[actor.named for actor in parse_actors(tokens.actors)],
        )
    return ClientTokenResource(
        token_id=tokens.digest.hex(),
        kind="client",
        user_id=None,
        username=None,
        session_id=None,
        scope=tokens.scope,
        created_at=tokens.issued_at,
        expires_at=tokens.expires_at,
    )
