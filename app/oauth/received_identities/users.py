"""The user here whom an identity assertion is about.

That is the user who linked the identity, by its issuer and subject. An email address finds a user
only if it is verified at both servers, and the issuer owns the domain.
"""

from app.models.accounts.users import User
from app.oauth.received_identities.verification import ReceivedIdentity
from app.oauth.trusted_assertions import UntrustedAssertionError
from app.repositories.accounts.users import UserRepository
from app.repositories.federation.identity_providers import IdentityProviderRepository
from app.security.mailboxes import typed_email_key


class IdentityUsers:
    def __init__(
        self,
        *,
        identity_provider_repository: IdentityProviderRepository,
        user_repository: UserRepository,
    ) -> None:
        self._identity_provider_repository = identity_provider_repository
        self._user_repository = user_repository

    async def user_of(self, identity: ReceivedIdentity) -> User:
        """Return the user, who is not disabled; raises `UntrustedAssertionError`."""
        user = await self._linked(identity) or await self._by_email(identity)
        if user.is_disabled:
            raise UntrustedAssertionError(f"{identity.row.name}: the user is disabled")
        return user

    async def _linked(self, identity: ReceivedIdentity) -> User | None:
        linked = await self._identity_provider_repository.find_identity(
            identity.row.issuer, identity.subject
        )
        if linked is None:
            return None
        provider = await self._identity_provider_repository.find(linked.provider)
        if provider is None or provider.is_disabled:
            raise UntrustedAssertionError(
                f"the identity provider {linked.provider} is disabled, or was removed"
            )
        user = await self._user_repository.find(linked.user_id)
        if user is None:
            raise UntrustedAssertionError(f"{identity.row.name}: the user was deleted")
        return user

    async def _by_email(self, identity: ReceivedIdentity) -> User:
        """Return the only user with the verified address of an assertion.

        A user who has linked another subject of the issuer is not found: the issuer has given the
        address to someone else.
        """
        name = identity.row.name
        key = _verified_key(identity)
        if key is None:
            raise UntrustedAssertionError(
                f"{name}: no user has linked the subject {identity.subject!a}, and it has"
                " no verified email address: the user has to sign in here with the identity"
                " provider once"
            )
        if key.rpartition("@")[2] not in identity.rules.email_domains:
            raise UntrustedAssertionError(
                f"{name}: no user has linked the subject {identity.subject!a}, and the issuer is"
                " not declared to own the domain of the address: create it with `--email-domain`"
            )
        users = await self._user_repository.list_by_email(key, limit=2)
        if len(users) != 1:
            problem = "several users have" if users else "no user has"
            raise UntrustedAssertionError(f"{name}: {problem} verified the address here")
        identities = await self._identity_provider_repository.list_of(users[0].user_id)
        if any(each.issuer == identity.row.issuer for each in identities):
            raise UntrustedAssertionError(
                f"{name}: the user with the address has linked another subject of the issuer"
            )
        return users[0]


def _verified_key(identity: ReceivedIdentity) -> str | None:
    email = identity.claims.get("email")
    if not isinstance(email, str) or identity.claims.get("email_verified") is not True:
        return None
    return typed_email_key(email)
