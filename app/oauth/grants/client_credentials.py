"""Client credentials grant (RFC 6749 section 4.4): the client acts on its own behalf."""

from typing import Literal

from app.oauth.authorization_details import AuthorizationDetails
from app.oauth.grants.base import Grant, GrantParameters
from app.oauth.issuer import TokenIssuer
from app.oauth.requests import TokenRequest
from app.oauth.resource_indicators import ResourceIndicators
from app.schemas.tokens import TokenResponse


class ClientCredentialsParameters(GrantParameters):
    """Token request of a client on its own behalf, without a user."""

    grant_type: Literal["client_credentials"]


class ClientCredentialsGrant(Grant[ClientCredentialsParameters]):
    grant_type = "client_credentials"
    requires_user = False
    is_for_public_clients = False
    allows_open_registration = False
    has_limits_of_its_own = False
    can_prove_client = False
    parameters = ClientCredentialsParameters
    example_name = "Get a token for the client itself"
    example = {"grant_type": "client_credentials", "scope": "profile"}  # noqa: RUF012 - a constant for the documentation

    def __init__(
        self,
        *,
        token_issuer: TokenIssuer,
        resource_indicators: ResourceIndicators,
        authorization_details: AuthorizationDetails,
    ) -> None:
        self._token_issuer = token_issuer
        self._resource_indicators = resource_indicators
        self._authorization_details = authorization_details

    async def exchange(
        self, request: TokenRequest, parameters: ClientCredentialsParameters
    ) -> TokenResponse:
        grant = await self._resource_indicators.grant_to(
            request.client, resource=parameters.resource, scope=parameters.scope
        )
        if parameters.authorization_details is not None:
            grant = await self._authorization_details.grant_to_client(
                grant, request.client, asked=parameters.authorization_details
            )
        return await self._token_issuer.issue_to_client(request.client, grant, keys=request.keys)
