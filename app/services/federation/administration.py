"""Identity providers as administrators add, change and remove them."""

from collections.abc import Mapping
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
from app.models.federation.identity_providers import IdentityProvider
from app.repositories.federation.identity_providers import IdentityProviderRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.identity_providers import IdentityProviderBody
from app.security.encryption import SecretBox
from app.services.federation.identity_provider_rules import NAME, check_provider
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority

WRITE = AdminScope.PROVIDERS_WRITE


class IdentityProviderAdministration:
    """Changes hold from the next sign-in on. A `version` that is given must be the current one."""

    def __init__(
        self,
        *,
        identity_provider_repository: IdentityProviderRepository,
        box: SecretBox,
        audit: AuditLog,
        clock: Clock,
        is_production: bool,
    ) -> None:
        self._identity_provider_repository = identity_provider_repository
        self._box = box
        self._audit = audit
        self._clock = clock
        self._is_production = is_production

    async def add(
        self, body: IdentityProviderBody, *, secret: str, owner: str = MANUAL, authority: Authority
    ) -> IdentityProvider:
        """Add an identity provider; an empty secret is that of a public client."""
        authority.require(WRITE)
        self.check(body)
        providers = await self._identity_provider_repository.list_all()
        if any(other.issuer == body.issuer for other in providers):
            raise ConflictError(Detail.PROVIDER_ISSUER_TAKEN, field="issuer")
        provider = IdentityProvider(
            name=body.name,
            label=body.shown_label,
            issuer=body.issuer,
            client_id=body.client_id,
            sealed_secret=self._sealed(body.name, secret),
            scope=body.scope,
            created_at=self._clock.now(),
            disabled_at=None,
            owner=owner,
        )
        event = self._audit.event(
            ServerEvent.PROVIDER_ADDED,
            provider=body.name,
            issuer=body.issuer,
            after=shown_provider(provider),
        )
        if not await self._identity_provider_repository.add(provider, event=event):
            raise ConflictError(Detail.PROVIDER_NAME_TAKEN, field="name")
        return provider

    async def change(
        self,
        body: IdentityProviderBody,
        *,
        secret: str | None = None,
        owner: str | None = None,
        version: int | None = None,
        authority: Authority,
    ) -> IdentityProvider:
        """Replace the settings of an identity provider. Its issuer remains, since the accounts that
        are linked belong to it.

        Without `secret` the client secret remains; an empty one is that of a public client.
        """
        authority.require(WRITE)
        self.check(body)
        before = await self._get(body.name)
        require_version(version, current=before.version)
        if body.issuer != before.issuer:
            raise InvalidInputError(Detail.PROVIDER_KEEPS_ISSUER, field="issuer")
        after = replace(
            before,
            label=body.shown_label,
            client_id=body.client_id,
            scope=body.scope,
            owner=owner or before.owner,
        )
        if secret is not None:
            after = replace(after, sealed_secret=self._sealed(body.name, secret))
        if after == before:
            return before
        event = self._audit.event(
            ServerEvent.PROVIDER_CHANGED,
            provider=body.name,
            before=shown_provider(before),
            after=shown_provider(after),
            has_new_secret=secret is not None,
        )
        if not await self._identity_provider_repository.change(before, after, event=event):
            raise StaleVersionError
        return replace(after, version=before.version + 1)

    async def set_disabled(
        self, name: str, *, disabled: bool, authority: Authority
    ) -> IdentityProvider:
        authority.require(WRITE)
        provider = await self._get(name)
        action = ServerEvent.PROVIDER_DISABLED if disabled else ServerEvent.PROVIDER_ENABLED
        event = self._audit.event(action, provider=name, issuer=provider.issuer)
        disabled_at = self._clock.now() if disabled else None
        await self._identity_provider_repository.set_disabled(name, disabled_at, event=event)
        return await self._get(name)

    async def remove(self, name: str, *, version: int | None = None, authority: Authority) -> int:
        """Remove an identity provider and unlink every account from it.

        Return how many accounts were linked.
        """
        authority.require(WRITE)
        provider = await self._get(name)
        require_version(version, current=provider.version)
        event = self._audit.event(
            ServerEvent.PROVIDER_REMOVED,
            provider=name,
            issuer=provider.issuer,
            before=shown_provider(provider),
        )
        return await self._identity_provider_repository.remove(name, event=event) or 0

    def check(self, body: IdentityProviderBody) -> None:
        """Raise `InvalidInputError` for settings that no provider can have."""
        check_provider(body, is_production=self._is_production)

    def _sealed(self, name: str, secret: str) -> bytes | None:
        return self._box.seal(secret.encode(), context=name) if secret else None

    async def _get(self, name: str) -> IdentityProvider:
        is_name = NAME.fullmatch(name) is not None
        provider = await self._identity_provider_repository.find(name) if is_name else None
        if provider is None:
            raise NotFoundError(Detail.PROVIDER_UNKNOWN)
        return provider


def shown_provider(provider: IdentityProvider) -> Mapping[str, Any]:
    """Return what the audit log says about an identity provider, which is never its secret."""
    return {
        "label": provider.label,
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "scope": provider.scope,
        "has_secret": provider.sealed_secret is not None,
        "owner": provider.owner,
    }
