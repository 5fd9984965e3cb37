"""Trusted issuers, as administrators manage them.

A row lets others act as a client or a user, so an administrator creates one only for what they
could do themselves.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.clock import Clock
from app.details import Detail
from app.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    StaleVersionError,
    require_version,
)
from app.models.accounts.groups import MANUAL
from app.models.oauth.trusted_issuers import TrustedIssuer
from app.repositories.accounts.users import UserRepository
from app.repositories.clients.clients import ClientRepository
from app.repositories.oauth.trusted_issuers import TrustedIssuerRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.trusted_issuers import IdentityRulesBody, TrustedIssuerBody
from app.services.oauth.resource_catalogue import ResourceCatalogue
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority

WRITE = AdminScope.ISSUERS_WRITE
MAXIMUM_ISSUERS = 200


class TrustedIssuerService:
    def __init__(
        self,
        *,
        trusted_issuer_repository: TrustedIssuerRepository,
        client_repository: ClientRepository,
        user_repository: UserRepository,
        resource_catalogue: ResourceCatalogue,
        audit: AuditLog,
        clock: Clock,
        issuer: str,
    ) -> None:
        self._trusted_issuer_repository = trusted_issuer_repository
        self._client_repository = client_repository
        self._user_repository = user_repository
        self._resource_catalogue = resource_catalogue
        self._audit = audit
        self._clock = clock
        self._issuer = issuer

    async def create(
        self, body: TrustedIssuerBody, *, owner: str = MANUAL, authority: Authority
    ) -> TrustedIssuer:
        """Store a trusted issuer; raise `ConflictError` if its name is taken."""
        authority.require(WRITE)
        await self._check(None, body, authority)
        if len(await self.list_all()) >= MAXIMUM_ISSUERS:
            raise ConflictError(Detail.TOO_MANY_ISSUERS)
        new = TrustedIssuer(
            owner=owner, version=1, created_at=self._clock.now(), **_stored_values(body)
        )
        event = self._audit.event(
            ServerEvent.ISSUER_CREATED,
            name=new.name,
            client_id=new.client_id,
            after=shown_issuer(new),
        )
        if not await self._trusted_issuer_repository.add(new, event=event):
            raise ConflictError(Detail.ISSUER_NAME_TAKEN, field="name")
        return new

    async def change(
        self,
        name: str,
        body: TrustedIssuerBody,
        *,
        owner: str | None = None,
        version: int | None = None,
        authority: Authority,
    ) -> TrustedIssuer:
        """Replace a trusted issuer. Its name stays.

        Tokens that were issued for its JWTs are valid until they expire.
        """
        authority.require(WRITE)
        before = await self.get(name)
        require_version(version, current=before.version)
        if body.name != name:
            raise InvalidInputError(Detail.ISSUER_KEEPS_NAME, field="name")
        after = replace(before, owner=owner or before.owner, **_stored_values(body))
        if after == before:
            return before
        await self._require_authority_over(before, authority)
        await self._check(before, body, authority)
        event = self._audit.event(
            ServerEvent.ISSUER_CHANGED,
            name=name,
            client_id=after.client_id,
            before=shown_issuer(before),
            after=shown_issuer(after),
        )
        if not await self._trusted_issuer_repository.change(before, after, event=event):
            raise StaleVersionError
        return replace(after, version=before.version + 1)

    async def delete(self, name: str, *, version: int | None = None, authority: Authority) -> None:
        """Delete a trusted issuer, whose JWTs are refused from then on.

        Tokens that were issued for them are valid until they expire.
        """
        authority.require(WRITE)
        before = await self.get(name)
        require_version(version, current=before.version)
        await self._require_authority_over(before, authority)
        event = self._audit.event(
            ServerEvent.ISSUER_DELETED,
            name=name,
            client_id=before.client_id,
            before=shown_issuer(before),
        )
        if not await self._trusted_issuer_repository.delete(before, event=event):
            raise StaleVersionError

    async def get(self, name: str) -> TrustedIssuer:
        """Return a trusted issuer; raise `NotFoundError` if there is none of this name."""
        row = await self._trusted_issuer_repository.find(name)
        if row is None:
            raise NotFoundError(Detail.ISSUER_NOT_FOUND)
        return row

    async def list_all(self) -> Sequence[TrustedIssuer]:
        return await self._trusted_issuer_repository.list_all()

    async def _check(
        self, before: TrustedIssuer | None, body: TrustedIssuerBody, authority: Authority
    ) -> None:
        """Check what a body cannot know; what is stored already may remain."""
        if body.issuer.rstrip("/") == self._issuer:
            raise InvalidInputError(Detail.ISSUER_IS_OURS, field="issuer")
        if body.audience != self._issuer and not body.audience.startswith(f"{self._issuer}/"):
            raise InvalidInputError(Detail.ISSUER_AUDIENCE_FOREIGN, field="audience")
        if body.identities is not None and body.audience != self._issuer:
            raise InvalidInputError(Detail.ISSUER_AUDIENCE_OF_IDENTITIES, field="audience")
        if not set(AdminScope).isdisjoint(body.scopes):
            authority.require_full()
        await self._check_resources(before, body)
        if body.client_id is not None:
            is_new = before is None or body.client_id != before.client_id
            await self._require_may_change(
                body.client_id, authority, field="client_id" if is_new else None
            )
        else:
            await self._check_user(before, body, authority)

    async def _check_resources(self, before: TrustedIssuer | None, body: TrustedIssuerBody) -> None:
        stored = before.resource_names.split() if before is not None else ()
        for name in sorted(set(body.resources) - set(stored)):
            if await self._resource_catalogue.find_by_name(name) is None:
                raise InvalidInputError(Detail.RESOURCE_NOT_FOUND, field="resources")

    async def _check_user(
        self, before: TrustedIssuer | None, body: TrustedIssuerBody, authority: Authority
    ) -> None:
        """Check a row that stands for users, and the clients that may present its JWTs."""
        authority.require_full()
        if not set(AdminScope).isdisjoint(body.scopes):
            raise InvalidInputError(Detail.ISSUER_ADMIN_SCOPE_OF_USER, field="scopes")
        has_user = body.identities is None
        if has_user and await self._user_repository.find(body.user_id or "") is None:
            raise InvalidInputError(Detail.USER_UNKNOWN, field="user_id")
        stored = before.presenters.split() if before is not None else ()
        for client_id in sorted(set(body.presenters) - set(stored)):
            await self._require_may_change(client_id, authority, field="presenters")

    async def _require_authority_over(self, row: TrustedIssuer, authority: Authority) -> None:
        """Require a full administrator for a row that stands for users, or has admin scopes."""
        if row.client_id is None or not set(AdminScope).isdisjoint(row.scopes.split()):
            authority.require_full()
        else:
            await self._require_may_change(row.client_id, authority)

    async def _require_may_change(
        self, client_id: str, authority: Authority, *, field: str | None = None
    ) -> None:
        """Require a confidential client, and a full administrator if it has admin scopes.

        Without a field, the client may have been deleted.
        """
        client = await self._client_repository.find(client_id, now=self._clock.now())
        if client is not None:
            authority.require_may_change(client)
        if field is None:
            return
        if client is None:
            raise InvalidInputError(Detail.CLIENT_UNKNOWN, field=field)
        if client.is_public:
            raise InvalidInputError(Detail.ISSUER_FOR_PUBLIC_CLIENT, field=field)


def _stored_values(body: TrustedIssuerBody) -> dict[str, Any]:
    return {
        "name": body.name,
        "issuer": body.issuer,
        "jwks_uri": body.jwks_uri,
        "jwks": json.dumps(dict(body.jwks)) if body.jwks is not None else None,
        "algorithms": " ".join(sorted(set(body.algorithms))),
        "audience": body.audience,
        "subjects": " ".join(dict.fromkeys(body.subjects)),
        "client_id": body.client_id,
        "user_id": body.user_id,
        "presenters": " ".join(sorted(set(body.presenters))),
        "scopes": " ".join(sorted(set(body.scopes))),
        "resource_names": " ".join(sorted(set(body.resources))),
        "required_claims": json.dumps(dict(body.claims), ensure_ascii=False, sort_keys=True),
        "maximum_age": body.maximum_age,
        "identity_rules": _stored_rules(body.identities),
    }


def _stored_rules(rules: IdentityRulesBody | None) -> str | None:
    if rules is None:
        return None
    values = {**rules.model_dump(), "email_domains": sorted(set(rules.email_domains))}
    return json.dumps(values, sort_keys=True)


def _stated_rules(stored: str | None) -> dict[str, Any] | None:
    """Return the rules, with the defaults of those that an earlier release did not know."""
    if stored is None:
        return None
    return IdentityRulesBody.model_validate_json(stored).model_dump(mode="json")


def stated_issuer(row: TrustedIssuer) -> dict[str, Any]:
    """Return the members of the body that would store this row."""
    return {
        "name": row.name,
        "issuer": row.issuer,
        "jwks_uri": row.jwks_uri,
        "jwks": dict(row.keys) if row.keys is not None else None,
        "algorithms": row.algorithms.split(),
        "audience": row.audience,
        "subjects": row.subjects.split(),
        "client_id": row.client_id,
        "user_id": row.user_id,
        "presenters": row.presenters.split(),
        "scopes": row.scopes.split(),
        "resources": row.resource_names.split(),
        "claims": dict(row.claims),
        "maximum_age": row.maximum_age,
        "identities": _stated_rules(row.identity_rules),
    }


def shown_issuer(row: TrustedIssuer) -> Mapping[str, Any]:
    """Return what administrators read about a trusted issuer; its keys are public."""
    members = {name: value for name, value in stated_issuer(row).items() if name != "name"}
    return {**members, "owner": row.owner}
