"""Groups that identity providers give: an explicit table, renewed at each sign-in."""

from collections.abc import Mapping, Sequence
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
from app.models.accounts.groups import GroupMapping, provider_source
from app.models.accounts.users import User
from app.models.federation.identity_providers import IdentityProvider
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.group_mappings import GroupMappingRepository
from app.repositories.federation.identity_providers import IdentityProviderRepository
from app.schemas.admin_scopes import AdminScope
from app.security.text import is_storable
from app.services.accounts.events import AccountEvent
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority

MAXIMUM_CLAIM = 64
MAXIMUM_VALUE = 256
MAXIMUM_MAPPINGS = 500
MAXIMUM_VALUES = 2000
"""Values of a claim that are read; a provider that sends more gives no groups."""


class GroupMappingService:
    """Mappings of the groups claim of an identity provider.

    They never touch memberships that were given otherwise, and never lead to a group with a
    reserved role.
    """

    def __init__(
        self,
        *,
        group_mapping_repository: GroupMappingRepository,
        identity_provider_repository: IdentityProviderRepository,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._group_mapping_repository = group_mapping_repository
        self._identity_provider_repository = identity_provider_repository
        self._audit = audit
        self._clock = clock

    async def set(
        self,
        provider_id: str,
        *,
        groups_claim: str | None,
        mappings: Mapping[str, Sequence[str]],
        version: int | None = None,
        authority: Authority,
    ) -> None:
        """Replace the claim and the table of a provider, in its current version if one is given.

        `mappings` lists the ids of groups here by values of the claim. Memberships of groups that
        are no longer mapped end at once; None as the claim turns the mapping off and ends all.
        A table that gives memberships requires the authority to give them.
        """
        authority.require(AdminScope.PROVIDERS_WRITE)
        if mappings:
            authority.require(AdminScope.GROUPS_WRITE)
        provider = await self._identity_provider_repository.find(provider_id)
        if provider is None:
            raise NotFoundError(Detail.PROVIDER_UNKNOWN)
        require_version(version, current=provider.version)
        rows = [
            GroupMapping(provider_id, value, group_id)
            for value, group_ids in mappings.items()
            for group_id in dict.fromkeys(group_ids)
        ]
        _check(groups_claim, rows)
        before = await self._group_mapping_repository.list_of(provider_id)
        claim_before = provider.groups_claim

        def event_of(ended_groups: Sequence[str]) -> NewEvent:
            details: dict[str, Any] = {"ended_groups": ended_groups} if ended_groups else {}
            return self._audit.event(
                ServerEvent.GROUP_MAPPINGS_CHANGED,
                provider=provider_id,
                before=_shown(claim_before, before),
                after=_shown(groups_claim, rows),
                **details,
            )

        outcome = await self._group_mapping_repository.replace(
            provider_id, groups_claim, rows, version=version, event_of=event_of
        )
        if outcome == "no_provider":
            raise NotFoundError(Detail.PROVIDER_UNKNOWN)
        if outcome == "stale":
            raise StaleVersionError
        if outcome == "no_group":
            raise NotFoundError(Detail.GROUP_UNKNOWN)
        if outcome == "administrative":
            raise ConflictError(Detail.GROUP_IS_ADMINISTRATIVE)

    async def list_of(self, provider_id: str) -> Sequence[GroupMapping]:
        return await self._group_mapping_repository.list_of(provider_id)

    async def mapped_values(
        self, provider: IdentityProvider, claims: Mapping[str, Any]
    ) -> tuple[str, ...]:
        """Return the values of the groups claim that mean a group here."""
        if provider.groups_claim is None:
            return ()
        values = _values_of(claims.get(provider.groups_claim))
        known = {each.claim_value for each in await self.list_of(provider.name)}
        return tuple(sorted(known & values))

    async def renew(self, user: User, provider: IdentityProvider, values: Sequence[str]) -> None:
        """Give a user who signed in the groups of a provider's claim, and take away others of
        it."""
        if provider.groups_claim is None:
            return

        def event_of(before: Sequence[str], after: Sequence[str]) -> NewEvent:
            return self._audit.event(
                AccountEvent.GROUPS_RENEWED,
                user_id=user.user_id,
                actor=provider_source(provider.name),
                provider=provider.name,
                before=before,
                after=after,
            )

        await self._group_mapping_repository.renew(
            user.user_id, provider.name, values, now=self._clock.now(), event_of=event_of
        )


def _values_of(claim: Any) -> set[str]:
    """Return the texts of a claim: a list of texts, or one text."""
    values = [claim] if isinstance(claim, str) else claim
    if not isinstance(values, list) or len(values) > MAXIMUM_VALUES:
        return set()
    return {value for value in values if isinstance(value, str)}


def _check(groups_claim: str | None, rows: Sequence[GroupMapping]) -> None:
    if groups_claim is not None and not _is_text(groups_claim, MAXIMUM_CLAIM):
        raise InvalidInputError(Detail.GROUPS_CLAIM_INVALID, field="groups_claim")
    is_valid = all(_is_text(row.claim_value, MAXIMUM_VALUE) for row in rows)
    if not is_valid or len(rows) > MAXIMUM_MAPPINGS:
        raise InvalidInputError(Detail.GROUP_MAPPINGS_INVALID, field="mappings")


def _is_text(text: str, maximum: int) -> bool:
    return 0 < len(text) <= maximum and is_storable(text)


def _shown(groups_claim: str | None, rows: Sequence[GroupMapping]) -> Mapping[str, Any]:
    return {
        "groups_claim": groups_claim,
        "mappings": [[row.claim_value, row.group_id] for row in rows],
    }
