"""Resources: the services that tokens are meant for (RFC 8707)."""

from typing import Annotated

from fastapi import Depends, Query, Response

from app.dependencies import OAuthDep
from app.models.oauth.resources import Resource
from app.routers.admin.access import require
from app.routers.admin.bodies import JsonBody, Members, MergePatch, merged, validated
from app.routers.admin.cursors import PageDep
from app.routers.admin.parameters import ResourceName
from app.routers.admin.preconditions import IfMatch, etag_of, set_etag
from app.routers.admin.routes import CREATED, WITH_ETAG, admin_router, created
from app.schemas.admin.resources import ResourceList, ResourcePatch, ResourceResource
from app.schemas.admin_scopes import AdminScope
from app.schemas.resources import ResourceBody
from app.services.oauth.stated_resources import stated_resource
from app.services.operations.authority import Authority

READS = require(AdminScope.RESOURCES_READ)
Writes = Annotated[Authority, require(AdminScope.RESOURCES_WRITE)]

router = admin_router("resources", tag="Resources")


@router.get("", dependencies=[READS])
async def list_resources(
    oauth: OAuthDep,
    page: PageDep,
    search: Annotated[
        str, Query(max_length=500, description="How the name, the title or the identifier begins.")
    ] = "",
) -> ResourceList:
    """List resources by name."""
    resources = sorted(await oauth.resources.list_all(), key=lambda resource: resource.name)
    rest = [each for each in resources if each.name > page.last and _matches(each, search)]
    shown, cursor = page.cut(rest[: page.size], lambda resource: resource.name)
    return ResourceList(items=[_resource(each) for each in shown], next_cursor=cursor)


@router.post("", status_code=201, responses=CREATED)
async def create_resource(
    authority: Writes,
    body: Annotated[ResourceBody, Depends(JsonBody(ResourceBody))],
    oauth: OAuthDep,
    response: Response,
) -> ResourceResource:
    """Create a resource. Listing clients also requires `clients:write`."""
    resource = await oauth.resources.create(body, authority=authority)
    created(response, f"resources/{resource.name}", version=resource.version)
    return _resource(resource)


@router.get("/{name}", dependencies=[READS], responses=WITH_ETAG)
async def read_resource(
    name: ResourceName, oauth: OAuthDep, response: Response
) -> ResourceResource:
    """Return a resource."""
    resource = await oauth.resources.get(name)
    set_etag(response, resource.version)
    return _resource(resource)


@router.patch("/{name}", responses=WITH_ETAG)
async def change_resource(
    name: ResourceName,
    authority: Writes,
    precondition: IfMatch,
    patch: Annotated[Members, Depends(MergePatch(ResourcePatch))],
    oauth: OAuthDep,
    response: Response,
) -> ResourceResource:
    """Change a resource. Its name and identifier stay, since tokens and clients hold them.

    Changing its clients also requires `clients:write`.
    """
    before = await oauth.resources.get(name)
    precondition.check(etag_of(before.version))
    body = validated(ResourceBody, merged(stated_resource(before), patch))
    resource = await oauth.resources.change(name, body, version=before.version, authority=authority)
    set_etag(response, resource.version)
    return _resource(resource)


@router.delete("/{name}", status_code=204)
async def remove_resource(
    name: ResourceName, authority: Writes, precondition: IfMatch, oauth: OAuthDep
) -> None:
    """Delete a resource, whose tokens are refused from then on."""
    resource = await oauth.resources.get(name)
    precondition.check(etag_of(resource.version))
    await oauth.resources.delete(name, version=resource.version, authority=authority)


def _matches(resource: Resource, search: str) -> bool:
    beginning = search.casefold()
    return any(
        text.casefold().startswith(beginning)
        for text in (resource.name, resource.title, resource.identifier)
    )


def _resource(resource: Resource) -> ResourceResource:
    return ResourceResource.model_validate(
        {
            **stated_resource(resource),
            "policies": resource.policies_in_force,
            "owner": resource.owner,
            "created_at": resource.created_at,
        }
    )
