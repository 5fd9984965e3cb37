"""Users who are created for an identity provider's word, without a sign-in at this server.

Such a user has what a user has who signed up by the provider: no password, no role and no group.
"""

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from app.clock import Clock
from app.errors import ConflictError, FullAdministratorRequiredError
from app.models.accounts.users import User
from app.models.federation.identity_providers import IdentityProvider
from app.repositories.accounts.users import UserRepository
from app.repositories.federation.identity_providers import IdentityProviderRepository
from app.security import usernames
from app.security.usernames import NewName
from app.services.accounts.events import AccountEvent
from app.services.accounts.new_users import new_user
from app.services.accounts.sign_in_names import require_no_address
from app.services.federation.identity_provider_rules import (
    ExternalIdentity,
    claims_of,
    external_identity_of,
    is_unlike_address,
    linked_identity,
)
from app.services.operations.audit import AuditLog

UNNAMED = "user"
LONGEST_BEGINNING = 50
NUMBERS = 1_000_000
ATTEMPTS = 5


class VouchedUsers:
    def __init__(
        self,
        *,
        identity_provider_repository: IdentityProviderRepository,
        user_repository: UserRepository,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._identity_provider_repository = identity_provider_repository
        self._user_repository = user_repository
        self._audit = audit
        self._clock = clock

    async def provider_of(self, issuer: str) -> IdentityProvider | None:
        """Return the identity provider of an issuer that users can sign in with, or None."""
        providers = await self._identity_provider_repository.list_all()
        return next(
            (each for each in providers if each.issuer == issuer and not each.is_disabled), None
        )

    async def has_ended_link(self, issuer: str, subject: str) -> bool:
        """Return whether a subject was linked before, to a user who may have been deleted."""
        return await self._identity_provider_repository.has_ended_link(issuer, subject)

    async def create(
        self,
        provider: IdentityProvider,
        claims: Mapping[str, Any],
        *,
        email: str | None,
        client_id: str,
        trusted_issuer: str,
        jti: str,
    ) -> User | None:
        """Create the user of verified claims, linked to their `sub` at the provider.

        `email` is the address that the provider vouches for, and whose owner it decides; that in
        the claims is not stored. The event names the client that presented the claims, the trusted
        issuer and `jti`. Return None if the identity is linked meanwhile, if no username
        was free, or if the address is an administrator's.
        """
        elsewhere = external_identity_of(provider, {**claims, "email": email})
        for name in _names(elsewhere):
            try:
                await require_no_address(self._user_repository, name)
                user = await self._add(
                    elsewhere, name, client_id=client_id, trusted_issuer=trusted_issuer, jti=jti
                )
            except ConflictError:
                continue
            except FullAdministratorRequiredError:
                return None
            if user is not None:
                return user
            if await self._is_linked(elsewhere):
                return None
        return None

    async def _add(
        self,
        elsewhere: ExternalIdentity,
        name: NewName,
        *,
        client_id: str,
        trusted_issuer: str,
        jti: str,
    ) -> User | None:
        now = self._clock.now()
        claims = claims_of(elsewhere)
        if "email" in claims:
            claims["email_verified"] = True
        user = new_user(name, claims, now=now)
        event = self._audit.event(
            AccountEvent.FEDERATED_USER_CREATED,
            user_id=user.user_id,
            client_id=client_id,
            actor=f"client:{client_id}",
            provider=elsewhere.provider,
            trusted_issuer=trusted_issuer,
            jti=jti,
        )
        identity = linked_identity(user.user_id, elsewhere, linked_at=now, used_at=now)
        is_added = await self._identity_provider_repository.add_user(user, identity, event=event)
        return user if is_added else None

    async def _is_linked(self, elsewhere: ExternalIdentity) -> bool:
        identity = await self._identity_provider_repository.find_identity(
            elsewhere.issuer, elsewhere.subject
        )
        return identity is not None


def _names(elsewhere: ExternalIdentity) -> Iterator[NewName]:
    """Yield the usernames to try: those of the claims, and then one of them with a number."""
    stated = (elsewhere.username, elsewhere.email.rpartition("@")[0])
    valid = [name for name in stated if is_unlike_address(name)]
    yield from map(usernames.new_name, dict.fromkeys(valid))
    beginning = valid[0][:LONGEST_BEGINNING] if valid else UNNAMED
    if not is_unlike_address(_numbered(beginning)):
        beginning = UNNAMED
    for _ in range(ATTEMPTS):
        yield usernames.new_name(_numbered(beginning))


def _numbered(beginning: str) -> str:
    return f"{beginning}-{secrets.randbelow(NUMBERS):06}"
