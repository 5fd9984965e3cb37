"""Personal access tokens: what users create for one resource, list and revoke."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from app.clock import Clock
from app.details import Detail
from app.errors import ConflictError, InvalidInputError, NotFoundError
from app.models.accounts.users import User
from app.models.oauth.personal_tokens import PersonalToken
from app.models.oauth.resources import Resource
from app.models.operations.audit_outbox import NewEvent
from app.repositories.oauth.personal_tokens import PersonalTokenRepository
from app.schemas.admin_scopes import AdminScope
from app.security.tokens import TokenKind, digest_of, new_identifier, new_token
from app.services.accounts.entitlements import EntitlementService, LazyEntitlements
from app.services.accounts.events import AccountEvent
from app.services.clients.fapi import FapiProfile
from app.services.oauth.resource_catalogue import ResourceCatalogue
from app.services.operations.audit import AuditLog
from app.services.operations.authority import Authority

MAXIMUM_TOKENS = 50
MAXIMUM_NAME = 100
MAXIMUM_DAYS = 365


class PersonalTokenService:
    def __init__(
        self,
        *,
        personal_token_repository: PersonalTokenRepository,
        resource_catalogue: ResourceCatalogue,
        entitlements: EntitlementService,
        fapi: FapiProfile,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._personal_token_repository = personal_token_repository
        self._resource_catalogue = resource_catalogue
        self._entitlements = entitlements
        self._fapi = fapi
        self._audit = audit
        self._clock = clock

    async def resources_for(self, user: User) -> Sequence[Resource]:
        """Return the resources for which a user may have personal tokens, by name.

        A server with the FAPI 2.0 profile has none, since these tokens are not bound to a key.
        """
        if self._fapi.holds_for_all:
            return []
        entitlements = self._entitlements.lazily(user.user_id)
        return [
            resource
            for resource in await self._resource_catalogue.list_all()
            if resource.scopes and await may_have_personal_tokens(resource, entitlements)
        ]

    async def create(
        self, user: User, *, name: str, resource_name: str, scopes: Collection[str], days: int
    ) -> str:
        """Create a token for a resource and return it; only its digest is stored.

        Raise `InvalidInputError` for a name, resource, scope or number of days that is not allowed,
        and `ConflictError` if the user has too many tokens or changed their credentials meanwhile.
        """
        resource = next(
            (each for each in await self.resources_for(user) if each.name == resource_name), None
        )
        if resource is None:
            raise InvalidInputError(Detail.PERSONAL_TOKEN_RESOURCE, field="resource")
        if not 1 <= len(name) <= MAXIMUM_NAME:
            raise InvalidInputError(Detail.PERSONAL_TOKEN_NAME, field="name")
        if not 1 <= days <= MAXIMUM_DAYS:
            raise InvalidInputError(Detail.PERSONAL_TOKEN_DAYS, field="days")
        allowed = personal_scopes(resource)
        if not scopes or not allowed.issuperset(scopes):
            raise InvalidInputError(Detail.PERSONAL_TOKEN_SCOPES, field="scopes")
        value, now = new_token(TokenKind.PERSONAL_TOKEN), self._clock.now()
        personal_token = PersonalToken(
            digest=digest_of(value),
            token_id=new_identifier(),
            user_id=user.user_id,
            credentials_version=user.credentials_version,
            name=name,
            audience=resource.identifier,
            scope=" ".join(sorted(resource.with_implied(scopes) & allowed)),
            created_at=now,
            expires_at=now + timedelta(days=days),
            last_used_at=None,
        )
        event = self._audit.event(
            AccountEvent.PERSONAL_TOKEN_CREATED,
            user_id=user.user_id,
            token_id=personal_token.token_id,
            name=name,
            resource=resource.name,
            scope=personal_token.scope,
            expires_at=personal_token.expires_at.isoformat(timespec="seconds"),
        )
        outcome = await self._personal_token_repository.add(
            personal_token, user, at_most=MAXIMUM_TOKENS, now=now, event=event
        )
        if outcome == "too many":
            raise ConflictError(Detail.TOO_MANY_PERSONAL_TOKENS)
        if outcome == "no owner":
            raise ConflictError(Detail.PERSONAL_TOKEN_NOT_CREATED)
        return value

    async def list_of(self, user: User) -> Sequence[PersonalToken]:
        """Return the valid tokens of a user, the newest first."""
        return await self._personal_token_repository.list_of(user.user_id, now=self._clock.now())

    async def revoke(self, user: User, token_id: str) -> bool:
        """Revoke a token at once; return False if the user has no such token."""
        return await self._personal_token_repository.revoke(
            user.user_id, token_id, is_full=True, event=self._revoked(user.user_id, token_id)
        )

    async def revoke_by_administrator(
        self, user_id: str, token_id: str, *, authority: Authority
    ) -> None:
        """Revoke a token of any user; raise `NotFoundError` if they have no such token."""
        authority.require(AdminScope.TOKENS_WRITE)
        if not await self._personal_token_repository.revoke(
            user_id, token_id, is_full=authority.is_full, event=self._revoked(user_id, token_id)
        ):
            raise NotFoundError(Detail.PERSONAL_TOKEN_UNKNOWN)

    def _revoked(self, user_id: str, token_id: str) -> NewEvent:
        return self._audit.event(
            AccountEvent.PERSONAL_TOKEN_REVOKED, user_id=user_id, token_id=token_id
        )


async def may_have_personal_tokens(resource: Resource, user: LazyEntitlements) -> bool:
    """Return whether the policy of a resource lets a user have personal tokens for it."""
    if not resource.allows_personal_tokens:
        return False
    access = resource.policies_in_force.personal_tokens
    if access.kind != "groups":
        return access.kind == "everyone"
    return not (await user.get()).group_ids.isdisjoint(access.groups)


def personal_scopes(resource: Resource) -> frozenset[str]:
    """Return the scopes that personal tokens for a resource may have, never one of the admin API.

    A resource cannot register such a scope; one that came into the database in another way is
    ignored.
    """
    return frozenset(resource.scopes_by_name) - frozenset(AdminScope)
