"""Identity providers (OpenID Connect), and the external identities linked to users.

An external identity is an issuer and a subject, and nothing else: an email address never finds an
account, no matter who verified it (OpenID Connect Core section 5.7).
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from app.clock import Clock
from app.details import Detail
from app.errors import ConflictError, NotFoundError, UnavailableError
from app.models.accounts.sessions import Session
from app.models.accounts.users import User
from app.models.federation.identity_providers import IdentityProvider, LinkedIdentity
from app.models.operations.audit_outbox import NewEvent
from app.observability.logging import logger
from app.repositories.accounts.users import UserRepository
from app.repositories.federation.identity_providers import IdentityProviderRepository, Unlinked
from app.repositories.operations.replay_cache import ReplayCacheRepository
from app.security.encryption import SealError, SecretBox
from app.services.accounts.events import AccountEvent
from app.services.accounts.new_users import new_user
from app.services.accounts.notices import Notices
from app.services.accounts.sign_in_names import new_name, require_no_address, taken
from app.services.federation.identity_provider_rules import (
    NAME,
    ExternalIdentity,
    claims_of,
    linked_identity,
)
from app.services.operations.audit import AuditLog

log = logger(__name__)


class IdentityProviderService:
    def __init__(
        self,
        *,
        identity_provider_repository: IdentityProviderRepository,
        user_repository: UserRepository,
        replay_cache_repository: ReplayCacheRepository,
        box: SecretBox,
        audit: AuditLog,
        notices: Notices,
        clock: Clock,
    ) -> None:
        self._identity_provider_repository = identity_provider_repository
        self._user_repository = user_repository
        self._replay_cache_repository = replay_cache_repository
        self._box = box
        self._audit = audit
        self._notices = notices
        self._clock = clock

    async def list_all(self) -> Sequence[IdentityProvider]:
        return await self._identity_provider_repository.list_all()

    async def list_enabled(self) -> Sequence[IdentityProvider]:
        return [
            provider
            for provider in await self._identity_provider_repository.list_all()
            if not provider.is_disabled
        ]

    async def count_linked(self) -> dict[str, int]:
        """Return how many users are linked to each identity provider."""
        return await self._identity_provider_repository.count_linked()

    async def get(self, name: str) -> IdentityProvider:
        """Return the identity provider; raise `NotFoundError` if it is unknown."""
        provider = (
            await self._identity_provider_repository.find(name) if NAME.fullmatch(name) else None
        )
        if provider is None:
            raise NotFoundError(Detail.PROVIDER_UNKNOWN)
        return provider

    async def get_enabled(self, name: str) -> IdentityProvider:
        """Return the identity provider.

        Raise `NotFoundError` if it is unknown or disabled.
        """
        provider = await self.get(name)
        if provider.is_disabled:
            raise NotFoundError(Detail.PROVIDER_UNKNOWN)
        return provider

    def secret_of(self, provider: IdentityProvider) -> str | None:
        """Return the client secret at an identity provider, or None.

        Raise `UnavailableError` if it was sealed under a key that is no longer listed.
        """
        if provider.sealed_secret is None:
            return None
        try:
            return self._box.open(provider.sealed_secret, context=provider.name).decode()
        except SealError as error:
            log.error(
                "the client secret for identity provider %s cannot be opened: %s",
                provider.name,
                error,
            )
            raise UnavailableError(Detail.PROVIDER_UNAVAILABLE) from None

    async def spend(self, state: str, *, lasts: timedelta) -> bool:
        """Consume a state; return whether this was the first response with it, in any worker."""
        return await self._replay_cache_repository.spend(
            f"upstream state {state}", expires_at=self._clock.now() + lasts
        )

    async def user_of(self, elsewhere: ExternalIdentity) -> User | None:
        """Return the user of an external identity and mark the identity as used.

        Return None if it is not linked.
        """
        identity = await self._identity_provider_repository.find_identity(
            elsewhere.issuer, elsewhere.subject
        )
        if identity is None:
            return None
        await self._identity_provider_repository.mark_used(identity, now=self._clock.now())
        return await self._user_repository.find(identity.user_id)

    async def record_fresh_sign_in(
        self, user: User, elsewhere: ExternalIdentity, *, proof: str
    ) -> None:
        """Record that a user signed in again at an identity provider, and the proof of it."""
        await self._audit.record(
            AccountEvent.FEDERATED_SIGN_IN_REPEATED,
            user_id=user.user_id,
            provider=elsewhere.provider,
            proof=proof,
        )

    async def list_of(self, user: User) -> Sequence[LinkedIdentity]:
        return await self._identity_provider_repository.list_of(user.user_id)

    async def link(self, user: User, elsewhere: ExternalIdentity, *, label: str) -> bool:
        """Let a user sign in by an external identity; return False if it is another user's.

        `label` is the name of the identity provider in the email to the user.
        """
        linked = await self._identity_provider_repository.find_identity(
            elsewhere.issuer, elsewhere.subject
        )
        if linked is not None:
            return linked.user_id == user.user_id
        event = self._audit.event(
            AccountEvent.IDENTITY_LINKED, user_id=user.user_id, provider=elsewhere.provider
        )
        identity = linked_identity(user.user_id, elsewhere, linked_at=self._clock.now())
        if not await self._identity_provider_repository.link(identity, user, event=event):
            return False
        await self._notices.send(user, AccountEvent.IDENTITY_LINKED, label=label)
        return True

    async def unlink(
        self, user: User, issuer: str, subject: str, *, except_session: Session
    ) -> Unlinked:
        """Unlink an external identity, unless no other way to sign in would be left.

        The user is signed out everywhere except in `except_session`, and loses the groups that the
        identity provider gave.
        """
        identity = await self._identity_provider_repository.find_identity(issuer, subject)
        if identity is None:
            return "unknown"
        provider_id = identity.provider

        def event_of(ended_groups: Sequence[str]) -> NewEvent:
            details: dict[str, Any] = {"ended_groups": ended_groups} if ended_groups else {}
            return self._audit.event(
                AccountEvent.IDENTITY_UNLINKED,
                user_id=user.user_id,
                provider=provider_id,
                **details,
            )

        outcome = await self._identity_provider_repository.unlink(
            user.user_id,
            issuer,
            subject,
            except_session_id=except_session.session_id,
            now=self._clock.now(),
            event_of=event_of,
        )
        if outcome != "unlinked":
            return outcome
        labels = {
            provider.name: provider.label
            for provider in await self._identity_provider_repository.list_all()
        }
        label = labels.get(provider_id, provider_id)
        await self._notices.send(user, AccountEvent.IDENTITY_UNLINKED, label=label)
        return outcome

    async def create_account(self, username: str, elsewhere: ExternalIdentity) -> User:
        """Create a user without a password who signs in by this external identity.

        Raise `InvalidInputError` and `ConflictError` as a registration does.
        """
        name = new_name(username)
        now = self._clock.now()
        user = new_user(name, claims_of(elsewhere), now=now)
        await require_no_address(self._user_repository, name)
        event = self._audit.event(
            AccountEvent.FEDERATED_USER_CREATED, user_id=user.user_id, provider=elsewhere.provider
        )
        identity = linked_identity(user.user_id, elsewhere, linked_at=now, used_at=now)
        if not await self._identity_provider_repository.add_user(user, identity, event=event):
            if (
                await self._identity_provider_repository.find_identity(
                    elsewhere.issuer, elsewhere.subject
                )
                is not None
            ):
                raise ConflictError(Detail.IDENTITY_ALREADY_LINKED)
            raise taken()
        return user
