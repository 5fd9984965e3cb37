"""JWT bearer grant (RFC 7523 section 2.1): a JWT of a trusted issuer stands for a client or a user.

A workload needs no secret of ours: where the row of its issuer maps to a client, the JWT proves the
client. Where it maps to a user, a client that the row names must authenticate. An identity
assertion (ID-JAG) stands for a user of its issuer: see `app.oauth.received_identities`.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from app.clock import Clock
from app.models.oauth.trusted_issuers import TrustedIssuer
from app.oauth.access_policy import AccessRefusedError, may_use
from app.oauth.admin_access import scope_granted_by_user
from app.oauth.authorization_details import refuse_details
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidClientError, InvalidGrantError, InvalidRequestError
from app.oauth.grants.base import Grant, GrantParameters
from app.oauth.issuer import TokenIssuer
from app.oauth.proven_keys import bound_to, is_proven
from app.oauth.received_identities.redemption import IdentityRedemption
from app.oauth.received_identities.verification import is_identity_assertion
from app.oauth.requests import ProvenClient, TokenRequest
from app.oauth.resource_indicators import ResourceIndicators
from app.oauth.token_grants import TokenGrant, grant_without_resource
from app.oauth.trusted_assertions import (
    PROVABLE,
    Condition,
    TrustedAssertions,
    UntrustedAssertionError,
    VerifiedAssertion,
    confirmation_in,
    only_one,
)
from app.oauth.trusted_scopes import bounded
from app.repositories.accounts.users import UserRepository
from app.repositories.clients.clients import ClientRepository
from app.schemas.tokens import TokenResponse
from app.services.accounts.entitlements import EntitlementService

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class JwtBearerParameters(GrantParameters):
    """Token request with a JWT of a trusted issuer."""

    grant_type: Literal["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assertion: Annotated[str, Field(description="A signed JWT of a trusted issuer.")]


class JwtBearerGrant(Grant[JwtBearerParameters]):
    grant_type = JWT_BEARER
    requires_user = False
    is_for_public_clients = False
    allows_open_registration = False
    has_limits_of_its_own = False
    can_prove_client = True
    parameters = JwtBearerParameters
    example_name = "Get a token for a workload"
    example = {"grant_type": JWT_BEARER, "assertion": "eyJ…"}  # noqa: RUF012 - a constant for the documentation

    def __init__(
        self,
        *,
        token_issuer: TokenIssuer,
        resource_indicators: ResourceIndicators,
        trusted_assertions: TrustedAssertions,
        client_repository: ClientRepository,
        user_repository: UserRepository,
        entitlements: EntitlementService,
        identity_redemption: IdentityRedemption,
        clock: Clock,
    ) -> None:
        self._token_issuer = token_issuer
        self._resource_indicators = resource_indicators
        self._trusted_assertions = trusted_assertions
        self._client_repository = client_repository
        self._user_repository = user_repository
        self._entitlements = entitlements
        self._identity_redemption = identity_redemption
        self._clock = clock

    async def prove_client(
        self, parameters: JwtBearerParameters, *, client_id: str | None
    ) -> ProvenClient:
        if is_identity_assertion(parameters.assertion):
            raise InvalidClientError(
                reason="an identity assertion does not prove a client: the client must authenticate"
            )
        verified = await self._verify(parameters)
        clients = {each.row.client_id for each in verified if each.row.client_id is not None}
        if not clients:
            raise InvalidClientError(
                reason=f"the issuer {verified[0].row.name} maps to a user: the client must"
                " authenticate"
            )
        if client_id is not None and client_id not in clients:
            raise InvalidRequestError(
                Description.CLIENT_ID_OF_ANOTHER_CLIENT,
                reason=f"the issuer {verified[0].row.name} maps to another client",
            )
        proven = _chosen(
            verified, lambda row: row.client_id is not None and client_id in (None, row.client_id)
        )
        client = await self._client_repository.find(
            proven.row.client_id or "", now=self._clock.now()
        )
        if client is None or client.is_disabled:
            raise _not_valid(f"{proven.row.name}: its client is unknown or disabled")
        return ProvenClient(client, proven)

    async def exchange(
        self, request: TokenRequest, parameters: JwtBearerParameters
    ) -> TokenResponse:
        if is_identity_assertion(parameters.assertion):
            refuse_details(parameters.authorization_details)
            return await self._identity_redemption.redeem(
                request,
                parameters.assertion,
                resource=parameters.resource,
                scope=parameters.scope,
            )
        client, proven = request.client, request.proven_by
        if not isinstance(proven, VerifiedAssertion):
            verified = await self._verify(parameters)
            proven = _chosen(verified, lambda row: row.may_be_presented_by(client.client_id))
        refuse_details(parameters.authorization_details)
        grant = await self._resource_indicators.grant_to(
            client, resource=parameters.resource, scope=parameters.scope
        )
        grant = bounded(grant, proven.row, asked=parameters.scope)
        grant = bound_to(request.keys, grant, client)
        confirmation = confirmation_in(proven.claims, members=PROVABLE)
        is_bound = confirmation is None or grant.confirmation is not None
        if not is_bound or not is_proven(confirmation, request.keys):
            raise InvalidGrantError(
                Description.ASSERTION_BOUND,
                reason="the assertion is bound to a key that the request does not prove, or the"
                f" token would not be bound ({proven.row.name})",
            )
        if proven.row.user_id is None:
            return await self._token_issuer.issue_to_client(client, grant, keys=request.keys)
        return await self._issue_to_user(request, grant, proven.row)

    async def _issue_to_user(
        self, request: TokenRequest, grant: TokenGrant, row: TrustedIssuer
    ) -> TokenResponse:
        """Issue an access token, without a refresh token: the JWT is what can be renewed."""
        client = request.client
        user = await self._user_repository.find(row.user_id or "")
        if user is None or user.is_disabled:
            raise _not_valid(f"{row.name}: its user is unknown or disabled")
        entitlements = self._entitlements.lazily(user.user_id)
        if not await may_use(client, entitlements):
            raise AccessRefusedError(Description.ASSERTION_INVALID)
        if grant.resource is None:  # the roles of a user can end after the row was created
            scope = await scope_granted_by_user(
                grant.scope, client=client, user=entitlements, has_recent_factor=False
            )
            grant = grant_without_resource(scope)
        response = await self._token_issuer.issue_to_user(
            client, grant, user=user, with_refresh_token=False, keys=request.keys
        )
        if response is None:
            raise _not_valid(f"{row.name}: its user was disabled concurrently")
        return response

    async def _verify(self, parameters: JwtBearerParameters) -> Sequence[VerifiedAssertion]:
        try:
            return await self._trusted_assertions.verify(parameters.assertion)
        except UntrustedAssertionError as error:
            raise _not_valid(str(error)) from None


def _chosen(verified: Sequence[VerifiedAssertion], where: Condition) -> VerifiedAssertion:
    try:
        return only_one(verified, where=where)
    except UntrustedAssertionError as error:
        raise _not_valid(str(error)) from None


def _not_valid(reason: str) -> InvalidGrantError:
    """Return one error for a JWT that is not trusted, for whatever reason (section 3.1)."""
    return InvalidGrantError(
        Description.ASSERTION_INVALID, reason=f"the assertion is not trusted: {reason}"
    )
