"""Resource owner password credentials grant (RFC 6749 section 4.3).

OAuth 2.1 removes this grant, but the documented quick start depends on it. It is enabled for each
client separately, never for a public client, and only for users who have confirmed a TOTP.
"""

from typing import Annotated, Literal

from pydantic import Field

from app.models.accounts.sessions import PASSWORD
from app.oauth.access_policy import may_use
from app.oauth.admin_access import scope_granted_by_user
from app.oauth.authorization_details import refuse_details
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidGrantError, UnauthorizedClientError
from app.oauth.grants.base import Grant, GrantParameters
from app.oauth.issuer import TokenIssuer
from app.oauth.login_methods import accepts_login_method
from app.oauth.requests import TokenRequest
from app.oauth.resource_indicators import ResourceIndicators
from app.oauth.token_grants import grant_without_resource
from app.schemas.tokens import TokenResponse
from app.services.accounts.authentication import AuthenticationService
from app.services.accounts.entitlements import EntitlementService


class PasswordParameters(GrantParameters):
    """Token request with the username and the password of a user."""

    grant_type: Literal["password"]
    username: str
    password: str
    otp: Annotated[
        str | None, Field(description="A new code; required if OTP_POLICY is every_login.")
    ] = None


class PasswordGrant(Grant[PasswordParameters]):
    grant_type = "password"
    requires_user = True
    is_for_public_clients = False
    allows_open_registration = False
    has_limits_of_its_own = True
    can_prove_client = False
    parameters = PasswordParameters
    example_name = "Sign a user in"
    example = {  # noqa: RUF012 - a constant for the documentation
        "grant_type": "password",
        "username": "testuser",
        "password": "password123",
    }

    def __init__(
        self,
        *,
        token_issuer: TokenIssuer,
        resource_indicators: ResourceIndicators,
        authentication: AuthenticationService,
        entitlements: EntitlementService,
    ) -> None:
        self._token_issuer = token_issuer
        self._resource_indicators = resource_indicators
        self._authentication = authentication
        self._entitlements = entitlements

    async def exchange(
        self, request: TokenRequest, parameters: PasswordParameters
    ) -> TokenResponse:
        client = request.client
        if not accepts_login_method(client, PASSWORD):
            raise UnauthorizedClientError(
                Description.LOGIN_METHOD_NOT_ALLOWED,
                reason="the login_methods of the client do not include password",
            )
        refuse_details(parameters.authorization_details)
        grant = await self._resource_indicators.grant_to(
            client, resource=parameters.resource, scope=parameters.scope
        )
        user = await self._authentication.sign_in(
            parameters.username,
            parameters.password,
            code=parameters.otp,
            client_id=client.client_id,
            may_use=lambda user_id: may_use(client, self._entitlements.lazily(user_id)),
        )
        if user is None:
            raise InvalidGrantError(
                Description.CREDENTIALS_INVALID
            )  # `sign_in` has recorded the reason

        if grant.resource is None:  # scopes of the admin API are for no resource
            scope = await scope_granted_by_user(
                grant.scope,
                client=client,
                user=self._entitlements.lazily(user.user_id),
                has_recent_factor=self._authentication.requires_code,
            )
            grant = grant_without_resource(scope)
        response = await self._token_issuer.issue_to_user(
            client,
            grant,
            user=user,
            with_refresh_token=client.check_grant_type("refresh_token"),
            keys=request.keys,
        )
        if response is None:
            raise InvalidGrantError(
                Description.CREDENTIALS_INVALID, reason="the password was changed concurrently"
            )
        return response
