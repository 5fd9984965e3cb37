"""Definitions of the attributes that users and groups can have."""

from typing import Annotated

from fastapi import Depends, Response

from app.dependencies import AccountsDep
from app.models.accounts.attributes import AttributeDefinition
from app.routers.admin.access import require
from app.routers.admin.bodies import JsonBody, Members, MergePatch, merged, validated
from app.routers.admin.cursors import PageDep
from app.routers.admin.parameters import AttributeNameInPath
from app.routers.admin.preconditions import IfMatch, etag_of, set_etag
from app.routers.admin.routes import CREATED, WITH_ETAG, admin_router, created
from app.schemas.admin.attributes import (
    AttributeCreate,
    AttributeList,
    AttributePatch,
    AttributeResource,
)
from app.schemas.admin_scopes import AdminScope
from app.schemas.attributes import AttributeDefinitionBody
from app.services.operations.authority import Authority

READS = require(AdminScope.POLICIES_READ)
Writes = Annotated[Authority, require(AdminScope.POLICIES_WRITE)]

router = admin_router("attributes", tag="Attributes")


@router.get("", dependencies=[READS])
async def list_attributes(accounts: AccountsDep, page: PageDep) -> AttributeList:
    """List the defined attributes by name."""
    rows = [each for each in await accounts.attributes.list_all() if each.name > page.last]
    definitions, cursor = page.cut(rows[: page.size], lambda definition: definition.name)
    return AttributeList(items=[_resource(each) for each in definitions], next_cursor=cursor)


@router.post("", status_code=201, responses=CREATED)
async def define_attribute(
    authority: Writes,
    body: Annotated[AttributeCreate, Depends(JsonBody(AttributeCreate))],
    accounts: AccountsDep,
    response: Response,
) -> AttributeResource:
    """Define an attribute."""
    definition = await accounts.attributes.define(body, authority=authority)
    created(response, f"attributes/{definition.name}", version=definition.version)
    return _resource(definition)


@router.get("/{name}", dependencies=[READS], responses=WITH_ETAG)
async def read_attribute(
    name: AttributeNameInPath, accounts: AccountsDep, response: Response
) -> AttributeResource:
    """Return the definition of an attribute."""
    definition = await accounts.attributes.get(name)
    set_etag(response, definition.version)
    return _resource(definition)


@router.patch("/{name}", responses=WITH_ETAG)
async def change_attribute(
    name: AttributeNameInPath,
    authority: Writes,
    precondition: IfMatch,
    patch: Annotated[Members, Depends(MergePatch(AttributePatch))],
    accounts: AccountsDep,
    response: Response,
) -> AttributeResource:
    """Change a definition. Members that are left out stay as they are."""
    before = await accounts.attributes.get(name)
    precondition.check(etag_of(before.version))
    stated = _resource(before).model_dump(exclude={"owner"})
    definition = await accounts.attributes.change(
        name,
        validated(AttributeDefinitionBody, merged(stated, patch)),
        version=before.version,
        authority=authority,
    )
    set_etag(response, definition.version)
    return _resource(definition)


@router.delete("/{name}", status_code=204)
async def remove_attribute(
    name: AttributeNameInPath, authority: Writes, precondition: IfMatch, accounts: AccountsDep
) -> None:
    """Delete a definition. No claim contains the attribute any more."""
    definition = await accounts.attributes.get(name)
    precondition.check(etag_of(definition.version))
    await accounts.attributes.delete(name, version=definition.version, authority=authority)


def _resource(definition: AttributeDefinition) -> AttributeResource:
    return AttributeResource.model_validate(definition, from_attributes=True)
