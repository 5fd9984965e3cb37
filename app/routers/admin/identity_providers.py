"""Identity providers, and the groups that they give."""

from typing import Annotated

from fastapi import Depends, Response

from app.dependencies import CoreDep, FederationDep
from app.models.federation.identity_providers import IdentityProvider
from app.routers.admin.access import require
from app.routers.admin.bodies import JsonBody, Members, MergePatch, merged, validated
from app.routers.admin.cursors import PageDep
from app.routers.admin.parameters import ProviderName
from app.routers.admin.preconditions import IfMatch, etag_of, set_etag
from app.routers.admin.routes import CREATED, WITH_ETAG, admin_router, created
from app.schemas.admin.identity_providers import (
    ProviderCreate,
    ProviderGroupMappings,
    ProviderList,
    ProviderPatch,
    ProviderResource,
)
from app.schemas.admin_scopes import AdminScope
from app.schemas.identity_providers import IdentityProviderBody
from app.services.operations.authority import Authority
from app.wiring import Core, Federation

READS = require(AdminScope.PROVIDERS_READ)
Writes = Annotated[Authority, require(AdminScope.PROVIDERS_WRITE)]
SECRET = "client_secret"

router = admin_router("providers", tag="Identity providers")


@router.get("", dependencies=[READS])
async def list_providers(core: CoreDep, federation: FederationDep, page: PageDep) -> ProviderList:
    """List identity providers by name."""
    linked = await federation.identity_providers.count_linked()
    providers = sorted(await federation.identity_providers.list_all(), key=lambda each: each.name)
    rest = [provider for provider in providers if provider.name > page.last]
    shown, cursor = page.cut(rest[: page.size], lambda provider: provider.name)
    items = [_resource(core, provider, linked.get(provider.name, 0)) for provider in shown]
    return ProviderList(items=items, next_cursor=cursor)


@router.post("", status_code=201, responses=CREATED)
async def add_provider(
    authority: Writes,
    body: Annotated[ProviderCreate, Depends(JsonBody(ProviderCreate))],
    core: CoreDep,
    federation: FederationDep,
    response: Response,
) -> ProviderResource:
    """Add an identity provider to the sign-in page."""
    provider = await federation.administration.add(
        validated(IdentityProviderBody, body.model_dump(exclude={SECRET})),
        secret=body.client_secret,
        authority=authority,
    )
    created(response, f"providers/{provider.name}", version=provider.version)
    return _resource(core, provider, 0)


@router.get("/{name}", dependencies=[READS], responses=WITH_ETAG)
async def read_provider(
    name: ProviderName, core: CoreDep, federation: FederationDep, response: Response
) -> ProviderResource:
    """Return an identity provider, without its secret."""
    provider = await federation.identity_providers.get(name)
    set_etag(response, provider.version)
    return await _with_links(core, federation, provider)


@router.patch("/{name}", responses=WITH_ETAG)
async def change_provider(
    name: ProviderName,
    authority: Writes,
    precondition: IfMatch,
    patch: Annotated[Members, Depends(MergePatch(ProviderPatch))],
    core: CoreDep,
    federation: FederationDep,
    response: Response,
) -> ProviderResource:
    """Change an identity provider. Members that are left out stay as they are."""
    before = await federation.identity_providers.get(name)
    precondition.check(etag_of(before.version))
    stated = {
        "name": before.name,
        "label": before.label,
        "issuer": before.issuer,
        "client_id": before.client_id,
        "scope": before.scope,
    }
    settings = {member: value for member, value in patch.items() if member != SECRET}
    provider = await federation.administration.change(
        validated(IdentityProviderBody, merged(stated, settings)),
        secret=(patch[SECRET] or "") if SECRET in patch else None,
        version=before.version,
        authority=authority,
    )
    set_etag(response, provider.version)
    return await _with_links(core, federation, provider)


@router.delete("/{name}", status_code=204)
async def remove_provider(
    name: ProviderName, authority: Writes, precondition: IfMatch, federation: FederationDep
) -> None:
    """Remove an identity provider and unlink every account from it."""
    provider = await federation.identity_providers.get(name)
    precondition.check(etag_of(provider.version))
    await federation.administration.remove(name, version=provider.version, authority=authority)


@router.post("/{name}/disable", responses=WITH_ETAG)
async def disable_provider(
    name: ProviderName,
    authority: Writes,
    core: CoreDep,
    federation: FederationDep,
    response: Response,
) -> ProviderResource:
    """Block sign-in with a provider. Linked accounts stay linked."""
    provider = await federation.administration.set_disabled(
        name, disabled=True, authority=authority
    )
    set_etag(response, provider.version)
    return await _with_links(core, federation, provider)


@router.post("/{name}/enable", responses=WITH_ETAG)
async def enable_provider(
    name: ProviderName,
    authority: Writes,
    core: CoreDep,
    federation: FederationDep,
    response: Response,
) -> ProviderResource:
    """Allow sign-in with a provider again."""
    provider = await federation.administration.set_disabled(
        name, disabled=False, authority=authority
    )
    set_etag(response, provider.version)
    return await _with_links(core, federation, provider)


@router.get("/{name}/group-mappings", dependencies=[READS], responses=WITH_ETAG)
async def read_provider_group_mappings(
    name: ProviderName, federation: FederationDep, response: Response
) -> ProviderGroupMappings:
    """Return the groups that a provider gives to the users who sign in with it."""
    provider = await federation.identity_providers.get(name)
    set_etag(response, provider.version)
    return await _mappings_of(federation, provider)


@router.put("/{name}/group-mappings", responses=WITH_ETAG)
async def replace_provider_group_mappings(
    name: ProviderName,
    authority: Writes,
    precondition: IfMatch,
    body: Annotated[ProviderGroupMappings, Depends(JsonBody(ProviderGroupMappings))],
    federation: FederationDep,
    response: Response,
) -> ProviderGroupMappings:
    """Replace the table of groups. Memberships of groups that it no longer has end at once.

    A table that is not empty requires the scope `groups:write`, too.
    """
    provider = await federation.identity_providers.get(name)
    precondition.check(etag_of(provider.version))
    await federation.group_mappings.set(
        name,
        groups_claim=body.groups_claim,
        mappings=body.mappings,
        version=provider.version,
        authority=authority,
    )
    provider = await federation.identity_providers.get(name)
    set_etag(response, provider.version)
    return await _mappings_of(federation, provider)


async def _mappings_of(federation: Federation, provider: IdentityProvider) -> ProviderGroupMappings:
    by_value: dict[str, list[str]] = {}
    for mapping in await federation.group_mappings.list_of(provider.name):
        by_value.setdefault(mapping.claim_value, []).append(mapping.group_id)
    return ProviderGroupMappings(groups_claim=provider.groups_claim, mappings=by_value)


async def _with_links(
    core: Core, federation: Federation, provider: IdentityProvider
) -> ProviderResource:
    linked = await federation.identity_providers.count_linked()
    return _resource(core, provider, linked.get(provider.name, 0))


def _resource(core: Core, provider: IdentityProvider, linked: int) -> ProviderResource:
    return ProviderResource(
        name=provider.name,
        label=provider.label,
        issuer=provider.issuer,
        client_id=provider.client_id,
        has_secret=provider.sealed_secret is not None,
        scope=provider.scope,
        linked=linked,
        disabled=provider.is_disabled,
        owner=provider.owner,
        redirect_uri=core.links.provider_callback(provider.name),
    )
