"""Scopes of the catalogue."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Response

from app.dependencies import OAuthDep
from app.models.oauth.scopes import Scope
from app.routers.admin.access import require
from app.routers.admin.bodies import JsonBody, Members, MergePatch, merged, validated
from app.routers.admin.cursors import PageDep
from app.routers.admin.parameters import ScopeNameInPath
from app.routers.admin.preconditions import IfMatch, etag_of, set_etag
from app.routers.admin.routes import CREATED, WITH_ETAG, admin_router, created
from app.schemas.admin.scopes import ScopeList, ScopePatch, ScopeResource
from app.schemas.admin_scopes import AdminScope
from app.schemas.scopes import ScopeBody
from app.services.operations.authority import Authority

READS = require(AdminScope.SCOPES_READ)
Writes = Annotated[Authority, require(AdminScope.SCOPES_WRITE)]
BY_NAME = "/{name:path}"
"""The name of a scope is often a URL."""

router = admin_router("scopes", tag="Scopes")


@router.get("", dependencies=[READS])
async def list_scopes(oauth: OAuthDep, page: PageDep) -> ScopeList:
    """List the scopes of the catalogue by name."""
    scopes = sorted(await oauth.scopes.list_all(), key=lambda scope: scope.name)
    rest = [scope for scope in scopes if scope.name > page.last]
    shown, cursor = page.cut(rest[: page.size], lambda scope: scope.name)
    return ScopeList(items=[_resource(scope) for scope in shown], next_cursor=cursor)


@router.post("", status_code=201, responses=CREATED)
async def create_scope(
    authority: Writes,
    body: Annotated[ScopeBody, Depends(JsonBody(ScopeBody))],
    oauth: OAuthDep,
    response: Response,
) -> ScopeResource:
    """Add a scope to the catalogue. A client can have it once it has registered it."""
    scope = await oauth.scopes.create(body, authority=authority)
    created(response, f"scopes/{quote(scope.name, safe='/')}", version=scope.version)
    return _resource(scope)


@router.get(BY_NAME, dependencies=[READS], responses=WITH_ETAG)
async def read_scope(name: ScopeNameInPath, oauth: OAuthDep, response: Response) -> ScopeResource:
    """Return a scope of the catalogue."""
    scope = await oauth.scopes.get(name)
    set_etag(response, scope.version)
    return _resource(scope)


@router.patch(BY_NAME, responses=WITH_ETAG)
async def change_scope(
    name: ScopeNameInPath,
    authority: Writes,
    precondition: IfMatch,
    patch: Annotated[Members, Depends(MergePatch(ScopePatch))],
    oauth: OAuthDep,
    response: Response,
) -> ScopeResource:
    """Change the texts of a scope. Its name stays, since clients registered it."""
    before = await oauth.scopes.get(name)
    precondition.check(etag_of(before.version))
    stated = {"name": name, "description": before.description, "translations": before.texts}
    scope = await oauth.scopes.change(
        name,
        validated(ScopeBody, merged(stated, patch)),
        version=before.version,
        authority=authority,
    )
    set_etag(response, scope.version)
    return _resource(scope)


@router.delete(BY_NAME, status_code=204)
async def remove_scope(
    name: ScopeNameInPath, authority: Writes, precondition: IfMatch, oauth: OAuthDep
) -> None:
    """Remove a scope from the catalogue. Clients keep what they registered."""
    scope = await oauth.scopes.get(name)
    precondition.check(etag_of(scope.version))
    await oauth.scopes.delete(name, version=scope.version, authority=authority)


def _resource(scope: Scope) -> ScopeResource:
    return ScopeResource(
        name=scope.name,
        description=scope.description,
        translations=dict(scope.texts),
        owner=scope.owner,
        created_at=scope.created_at,
    )
