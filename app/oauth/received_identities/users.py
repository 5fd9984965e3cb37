"""The user here whom an identity assertion is about.

That is the user who linked the identity, by its issuer and subject. An email address finds a user
only if it is verified here, the issuer owns the domain, and does not call it unverified. An unknown
subject becomes a user where the row of its issuer says so.
"""

from pydantic import ValidationError

from app.models.accounts.users import User
from app.models.clients.clients import Client
from app.models.federation.identity_providers import IdentityProvider
from app.oauth.received_identities.verification import ReceivedIdentity
from app.oauth.trusted_assertions import UntrustedAssertionError
from app.repositories.accounts.users import UserRepository
from app.repositories.federation.identity_providers import IdentityProviderRepository
from app.schemas.claims import StandardClaims
from app.security.mailboxes import email_key
from app.services.federation.vouched_users import VouchedUsers


class IdentityUsers:
    def __init__(
        self,
        *,
        identity_provider_repository: IdentityProviderRepository,
        user_repository: UserRepository,
        vouched_users: VouchedUsers,
    ) -> None:
        self._identity_provider_repository = identity_provider_repository
        self._user_repository = user_repository
        self._vouched_users = vouched_users

    async def find(self, identity: ReceivedIdentity) -> User | None:
        """Return the user, who is not disabled, or None for one whom `create` may create.

        Raises `UntrustedAssertionError`.
        """
        user = await self._linked(identity) or await self._by_email(identity)
        if user is None:
            await self._provider_of_new_user(identity)
        elif user.is_disabled:
            raise UntrustedAssertionError(f"{identity.row.name}: the user is disabled")
        return user

    async def create(self, identity: ReceivedIdentity, client: Client) -> User:
        """Create the user of an unknown subject, or return the one who was created meanwhile.

        Raises `UntrustedAssertionError`.
        """
        provider = await self._provider_of_new_user(identity)
        user = await self._vouched_users.create(
            provider,
            identity.claims,
            email=owned_email(identity),
            client_id=client.client_id,
            trusted_issuer=identity.row.name,
            jti=identity.jti,
        )
        if user is None:
            user = await self.find(identity)
        if user is None:
            raise UntrustedAssertionError(f"{identity.row.name}: its user cannot be created")
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

    async def _by_email(self, identity: ReceivedIdentity) -> User | None:
        """Return the only user with the verified address of an assertion; None for a new user.

        A user who has linked another subject of the issuer is not found: the issuer has given the
        address to someone else.
        """
        name, email = identity.row.name, owned_email(identity)
        key = email_key(email) if email is not None else None
        users = await self._user_repository.list_by_email(key, limit=2) if key is not None else ()
        if not users and identity.rules.creates_users:
            return None
        if key is None:
            raise UntrustedAssertionError(_without_owned_email(identity))
        if len(users) != 1:
            problem = "several users have" if users else "no user has"
            raise UntrustedAssertionError(f"{name}: {problem} verified the address here")
        identities = await self._identity_provider_repository.list_of(users[0].user_id)
        if any(each.issuer == identity.row.issuer for each in identities):
            raise UntrustedAssertionError(
                f"{name}: the user with the address has linked another subject of the issuer"
            )
        return users[0]

    async def _provider_of_new_user(self, identity: ReceivedIdentity) -> IdentityProvider:
        """Return the identity provider by which a new user can sign in."""
        name, issuer = identity.row.name, identity.row.issuer
        if await self._vouched_users.has_ended_link(issuer, identity.subject):
            raise UntrustedAssertionError(
                f"{name}: the user of the subject {identity.subject!a} was deleted, or is no longer"
                " linked: the user has to sign in here with the identity provider once"
            )
        provider = await self._vouched_users.provider_of(issuer)
        if provider is None:
            raise UntrustedAssertionError(
                f"{name}: no user is created without an enabled identity provider of this issuer:"
                " run `postern providers add`"
            )
        return provider


def owned_email(identity: ReceivedIdentity) -> str | None:
    """Return the address of an assertion if it is in a domain that the issuer owns.

    The issuer is then the authority for it: `email_verified`, which assertions need not have, only
    matters if it is not true. The address is returned as a user with the address has it.
    """
    email = _email_of(identity)
    if email is None or email_key(email).rpartition("@")[2] not in identity.rules.email_domains:
        return None
    return email


def _email_of(identity: ReceivedIdentity) -> str | None:
    email = identity.claims.get("email")
    if identity.claims.get("email_verified", True) is not True:
        return None
    try:
        return StandardClaims.model_validate({"email": email}).email
    except ValidationError:
        return None


def _without_owned_email(identity: ReceivedIdentity) -> str:
    beginning = f"{identity.row.name}: no user has linked the subject {identity.subject!a}, and"
    if _email_of(identity) is None:
        return (
            f"{beginning} it has no email address, or an unverified one: the user has to sign in"
            " here with the identity provider once"
        )
    return (
        f"{beginning} the issuer is not declared to own the domain of the address: set"
        " `--email-domain`"
    )
