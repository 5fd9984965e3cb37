"""Types of authorization details (RFC 9396)."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Response

from app.dependencies import OAuthDep
from app.models.oauth.authorization_types import AuthorizationType
from app.routers.admin.access import require
from app.routers.admin.bodies import JsonBody, Members, MergePatch, merged, validated
from app.routers.admin.cursors import PageDep
from app.routers.admin.parameters import AuthorizationTypeName
from app.routers.admin.preconditions import IfMatch, etag_of, set_etag
from app.routers.admin.routes import CREATED, WITH_ETAG, admin_router, created
from app.schemas.admin.authorization_types import (
    AuthorizationTypeList,
    AuthorizationTypePatch,
    AuthorizationTypeResource,
)
from app.schemas.admin_scopes import AdminScope
from app.schemas.authorization_types import AuthorizationTypeBody
from app.services.oauth.authorization_types import stated_type
from app.services.operations.authority import Authority

READS = require(AdminScope.RESOURCES_READ)
Writes = Annotated[Authority, require(AdminScope.RESOURCES_WRITE)]
BY_NAME = "/{name:path}"
"""The name of a type is often a URL."""

router = admin_router("authorization-types", tag="Authorization types")


@router.get("", dependencies=[READS])
async def list_authorization_types(oauth: OAuthDep, page: PageDep) -> AuthorizationTypeList:
    """List types of authorization details by name."""
    types = sorted(await oauth.authorization_types.list_all(), key=lambda each: each.name)
    rest = [each for each in types if each.name > page.last]
    shown, cursor = page.cut(rest[: page.size], lambda each: each.name)
    return AuthorizationTypeList(items=[_resource(each) for each in shown], next_cursor=cursor)


@router.post("", status_code=201, responses=CREATED)
async def create_authorization_type(
    authority: Writes,
    body: Annotated[AuthorizationTypeBody, Depends(JsonBody(AuthorizationTypeBody))],
    oauth: OAuthDep,
    response: Response,
) -> AuthorizationTypeResource:
    """Create a type of authorization details. Listing clients also requires `clients:write`."""
    authorization_type = await oauth.authorization_types.create(body, authority=authority)
    created(
        response,
        f"authorization-types/{quote(authorization_type.name, safe='/')}",
        version=authorization_type.version,
    )
    return _resource(authorization_type)


@router.get(BY_NAME, dependencies=[READS], responses=WITH_ETAG)
async def read_authorization_type(
    name: AuthorizationTypeName, oauth: OAuthDep, response: Response
) -> AuthorizationTypeResource:
    """Return a type of authorization details."""
    row = await oauth.authorization_types.get(name)
    set_etag(response, row.version)
    return _resource(row)


@router.patch(BY_NAME, responses=WITH_ETAG)
async def change_authorization_type(
    name: AuthorizationTypeName,
    authority: Writes,
    precondition: IfMatch,
    patch: Annotated[Members, Depends(MergePatch(AuthorizationTypePatch))],
    oauth: OAuthDep,
    response: Response,
) -> AuthorizationTypeResource:
    """Change a type. Its name stays, since clients and tokens hold it.

    Changing its clients also requires `clients:write`.
    """
    before = await oauth.authorization_types.get(name)
    precondition.check(etag_of(before.version))
    body = validated(AuthorizationTypeBody, merged(stated_type(before), patch))
    row = await oauth.authorization_types.change(
        name, body, version=before.version, authority=authority
    )
    set_etag(response, row.version)
    return _resource(row)


@router.delete(BY_NAME, status_code=204)
async def remove_authorization_type(
    name: AuthorizationTypeName, authority: Writes, precondition: IfMatch, oauth: OAuthDep
) -> None:
    """Delete a type. Access tokens keep its details until they expire."""
    row = await oauth.authorization_types.get(name)
    precondition.check(etag_of(row.version))
    await oauth.authorization_types.delete(name, version=row.version, authority=authority)


def _resource(row: AuthorizationType) -> AuthorizationTypeResource:
    return AuthorizationTypeResource.model_validate(
        {**stated_type(row), "owner": row.owner, "created_at": row.created_at}
    )
