"""Redemption of identity assertions for access tokens.

There is no refresh token: the client presents the same assertion again until it expires, unless the
row of its issuer accepts it once only.
"""

from app.models.accounts.users import User
from app.models.clients.clients import Client
from app.models.oauth.trusted_issuers import TrustedIssuer
from app.oauth.access_policy import AccessRefusedError, may_be_used_by_new_user, may_use
from app.oauth.descriptions import Description
from app.oauth.dpop.confirmation import confirmation_of
from app.oauth.errors import InvalidGrantError
from app.oauth.issuer import TokenIssuer
from app.oauth.proven_keys import is_proven
from app.oauth.received_identities.targets import IdentityTargets
from app.oauth.received_identities.users import IdentityUsers, owned_email
from app.oauth.received_identities.verification import IdentityVerification, ReceivedIdentity
from app.oauth.requests import TokenRequest
from app.oauth.trusted_assertions import UntrustedAssertionError
from app.repositories.operations.replay_cache import ReplayCacheRepository
from app.schemas.tokens import TokenResponse
from app.security.client_jwt import SKEW
from app.services.accounts.entitlements import EntitlementService
from app.services.accounts.events import AccountEvent
from app.services.operations.audit import AuditLog


class IdentityRedemption:
    def __init__(
        self,
        *,
        verification: IdentityVerification,
        targets: IdentityTargets,
        users: IdentityUsers,
        token_issuer: TokenIssuer,
        replay_cache_repository: ReplayCacheRepository,
        entitlements: EntitlementService,
        audit: AuditLog,
    ) -> None:
        self._verification = verification
        self._targets = targets
        self._users = users
        self._token_issuer = token_issuer
        self._replay_cache_repository = replay_cache_repository
        self._entitlements = entitlements
        self._audit = audit

    async def redeem(
        self, request: TokenRequest, assertion: str, *, resource: str | None, scope: str | None
    ) -> TokenResponse:
        """Issue an access token for a client that has authenticated; raises an `OAuth2Error`.

        The assertion is in the audit log before there is a token, with its `jti`. A user is created
        only for an assertion that has passed all other checks.
        """
        client = request.client
        try:
            identity = await self._verification.verify(assertion, client)
            if not is_proven(confirmation_of(identity.jkt), request.keys):
                raise InvalidGrantError(
                    Description.ASSERTION_BOUND,
                    reason="the request has no DPoP proof, or one by another key",
                )
            known = await self._users.find(identity)
        except UntrustedAssertionError as error:
            raise _not_valid(str(error)) from None
        await self._require_access(identity, client, known)
        grant = await self._targets.grant_of(identity, client, resource=resource, scope=scope)
        await self._require_first_use(identity)
        try:
            user = known or await self._users.create(identity, client)
        except UntrustedAssertionError as error:
            raise _not_valid(str(error)) from None
        await self._audit.record(
            AccountEvent.IDENTITY_ACCEPTED,
            user_id=user.user_id,
            client_id=client.client_id,
            actor=f"client:{client.client_id}",
            issuer=identity.row.issuer,
            resource=grant.audience,
            scope=grant.scope,
            jti=identity.jti,
        )
        response = await self._token_issuer.issue_to_user(
            client, grant, user=user, with_refresh_token=False, keys=request.keys
        )
        if response is None:
            raise _not_valid(f"{identity.row.name}: its user was disabled concurrently")
        return response.model_copy(update={"resource": grant.audience})

    async def _require_access(
        self, identity: ReceivedIdentity, client: Client, user: User | None
    ) -> None:
        """Require that the access policy of the client allows a user, or one to be created."""
        if user is not None:
            is_allowed = await may_use(client, self._entitlements.lazily(user.user_id))
        else:
            is_allowed = may_be_used_by_new_user(
                client, has_verified_email=owned_email(identity) is not None
            )
        if not is_allowed:
            raise AccessRefusedError(Description.ASSERTION_INVALID)

    async def _require_first_use(self, identity: ReceivedIdentity) -> None:
        if identity.rules.is_single_use and not await self._replay_cache_repository.spend(
            _name_of(identity.row, identity.jti), expires_at=identity.expires_at + SKEW
        ):
            raise _not_valid(f"{identity.row.name}: the assertion was used before, by its jti")


def _name_of(row: TrustedIssuer, jti: str) -> str:
    return f"identity assertion {row.issuer} {jti}"


def _not_valid(reason: str) -> InvalidGrantError:
    return InvalidGrantError(
        Description.ASSERTION_INVALID, reason=f"the assertion is not trusted: {reason}"
    )
