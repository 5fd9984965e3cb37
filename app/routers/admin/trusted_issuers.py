"""Trusted issuers, whose JWTs stand for a client or a user (RFC 7523 section 2.1)."""

from typing import Annotated

from fastapi import Depends, Query, Response

from app.dependencies import OAuthDep
from app.models.oauth.trusted_issuers import TrustedIssuer
from app.routers.admin.access import require
from app.routers.admin.bodies import JsonBody, Members, MergePatch, merged, validated
from app.routers.admin.cursors import PageDep
from app.routers.admin.parameters import TrustedIssuerName
from app.routers.admin.preconditions import IfMatch, etag_of, set_etag
from app.routers.admin.routes import CREATED, WITH_ETAG, admin_router, created
from app.schemas.admin.trusted_issuers import (
    TrustedIssuerList,
    TrustedIssuerPatch,
    TrustedIssuerResource,
)
from app.schemas.admin_scopes import AdminScope
from app.schemas.trusted_issuers import TrustedIssuerBody
from app.services.oauth.trusted_issuers import shown_issuer, stated_issuer
from app.services.operations.authority import Authority

READS = require(AdminScope.ISSUERS_READ)
Writes = Annotated[Authority, require(AdminScope.ISSUERS_WRITE)]

router = admin_router("issuers", tag="Trusted issuers")


@router.get("", dependencies=[READS])
async def list_trusted_issuers(
    oauth: OAuthDep,
    page: PageDep,
    search: Annotated[
        str, Query(max_length=300, description="How the name or the issuer begins.")
    ] = "",
) -> TrustedIssuerList:
    """List trusted issuers by name."""
    rows = sorted(await oauth.trusted_issuers.list_all(), key=lambda row: row.name)
    rest = [row for row in rows if row.name > page.last and _matches(row, search)]
    shown, cursor = page.cut(rest[: page.size], lambda row: row.name)
    return TrustedIssuerList(items=[_resource(row) for row in shown], next_cursor=cursor)


@router.post("", status_code=201, responses=CREATED)
async def create_trusted_issuer(
    authority: Writes,
    body: Annotated[TrustedIssuerBody, Depends(JsonBody(TrustedIssuerBody))],
    oauth: OAuthDep,
    response: Response,
) -> TrustedIssuerResource:
    """Trust an issuer: its JWTs with these subjects stand for one client or one user.

    Only a full administrator trusts one for a user, for a client with admin scopes, or for an admin
    scope.
    """
    row = await oauth.trusted_issuers.create(body, authority=authority)
    created(response, f"issuers/{row.name}", version=row.version)
    return _resource(row)


@router.get("/{name}", dependencies=[READS], responses=WITH_ETAG)
async def read_trusted_issuer(
    name: TrustedIssuerName, oauth: OAuthDep, response: Response
) -> TrustedIssuerResource:
    """Return a trusted issuer."""
    row = await oauth.trusted_issuers.get(name)
    set_etag(response, row.version)
    return _resource(row)


@router.patch("/{name}", responses=WITH_ETAG)
async def change_trusted_issuer(
    name: TrustedIssuerName,
    authority: Writes,
    precondition: IfMatch,
    patch: Annotated[Members, Depends(MergePatch(TrustedIssuerPatch))],
    oauth: OAuthDep,
    response: Response,
) -> TrustedIssuerResource:
    """Change a trusted issuer. Tokens that were issued are valid until they expire."""
    before = await oauth.trusted_issuers.get(name)
    precondition.check(etag_of(before.version))
    body = validated(TrustedIssuerBody, merged(stated_issuer(before), patch))
    row = await oauth.trusted_issuers.change(
        name, body, version=before.version, authority=authority
    )
    set_etag(response, row.version)
    return _resource(row)


@router.delete("/{name}", status_code=204)
async def remove_trusted_issuer(
    name: TrustedIssuerName, authority: Writes, precondition: IfMatch, oauth: OAuthDep
) -> None:
    """Delete a trusted issuer, whose JWTs are refused from then on."""
    row = await oauth.trusted_issuers.get(name)
    precondition.check(etag_of(row.version))
    await oauth.trusted_issuers.delete(name, version=row.version, authority=authority)


def _matches(row: TrustedIssuer, search: str) -> bool:
    beginning = search.casefold()
    return any(text.casefold().startswith(beginning) for text in (row.name, row.issuer))


def _resource(row: TrustedIssuer) -> TrustedIssuerResource:
    return TrustedIssuerResource.model_validate(
        {"name": row.name, **shown_issuer(row), "created_at": row.created_at}
    )
