"""Device code grant (RFC 8628 section 3.4): a device polls until the user has decided."""

from typing import Literal

from app.clock import Clock
from app.models.oauth.device_codes import DeviceCode
from app.oauth.access_policy import AccessRefusedError, may_use
from app.oauth.admin_access import has_recent_factor, scope_granted_by_user
from app.oauth.authorization_details import AuthorizationDetails
from app.oauth.descriptions import Description
from app.oauth.device import DEVICE_CODE
from app.oauth.errors import (
    AccessDeniedError,
    AuthorizationPendingError,
    ExpiredTokenError,
    InvalidGrantError,
    SlowDownError,
)
from app.oauth.grants.base import Grant, GrantParameters
from app.oauth.id_tokens import Authentication
from app.oauth.issuer import TokenIssuer
from app.oauth.requests import TokenRequest
from app.oauth.resource_indicators import ResourceIndicators
from app.repositories.oauth.device_codes import DeviceCodeRepository
from app.schemas.tokens import TokenResponse
from app.security.tokens import TokenKind, digest_of
from app.services.accounts.entitlements import EntitlementService
from app.services.accounts.sessions import SessionService


class DeviceCodeParameters(GrantParameters):
    """Token request of a device, which polls until the user has decided."""

    grant_type: Literal["urn:ietf:params:oauth:grant-type:device_code"]
    device_code: str


class DeviceCodeGrant(Grant[DeviceCodeParameters]):
    grant_type = DEVICE_CODE
    requires_user = True
    is_for_public_clients = True
    allows_open_registration = True
    has_limits_of_its_own = False
    can_prove_client = False
    parameters = DeviceCodeParameters
    example_name = "Poll from a device"
    example = {  # noqa: RUF012 - a constant for the documentation
        "grant_type": DEVICE_CODE,
        "device_code": "postern_dc_…",
    }

    def __init__(
        self,
        *,
        token_issuer: TokenIssuer,
        resource_indicators: ResourceIndicators,
        authorization_details: AuthorizationDetails,
        device_code_repository: DeviceCodeRepository,
        sessions: SessionService,
        entitlements: EntitlementService,
        clock: Clock,
    ) -> None:
        self._token_issuer = token_issuer
        self._resource_indicators = resource_indicators
        self._authorization_details = authorization_details
        self._device_code_repository = device_code_repository
        self._sessions = sessions
        self._entitlements = entitlements
        self._clock = clock

    async def exchange(
        self, request: TokenRequest, parameters: DeviceCodeParameters
    ) -> TokenResponse:
        presented, now = parameters.device_code, self._clock.now()
        code = await self._find(presented)
        if code is None:
            raise _not_valid("the device code is unknown")
        if code.client_id != request.client.client_id:
            raise _not_valid("the device code belongs to another client")
        if code.used_at is not None:
            raise _not_valid("the device code was used before")
        if code.expires_at <= now:
            raise ExpiredTokenError
        if code.denied_at is not None:
            raise AccessDeniedError
        if code.approved_at is not None:
            return await self._redeem(request, parameters, code)
        if not await self._device_code_repository.poll(digest_of(presented), code, now=now):
            raise SlowDownError  # also means that the user has not decided yet
        raise AuthorizationPendingError

    async def _find(self, presented: str) -> DeviceCode | None:
        if not TokenKind.DEVICE_CODE.matches(presented):
            return None
        return await self._device_code_repository.find(digest_of(presented))

    async def _redeem(
        self, request: TokenRequest, parameters: DeviceCodeParameters, code: DeviceCode
    ) -> TokenResponse:
        client, presented = request.client, parameters.device_code
        session_id, auth_time = code.session_id, code.auth_time
        signed_in = await self._sessions.find_by_id(session_id or "")
        if signed_in is None or auth_time is None:  # the user signed out meanwhile
            raise _not_valid("the session of the device code has ended")
        entitlements = self._entitlements.lazily(signed_in.user.user_id)
        if not await may_use(client, entitlements):
            raise AccessRefusedError(Description.DEVICE_CODE_INVALID)
        scope = await scope_granted_by_user(
            client.get_allowed_scope(code.scope),
            client=client,
            user=entitlements,
            has_recent_factor=has_recent_factor(
                code.amr or "", auth_time, at=code.approved_at or auth_time
            ),
        )
        grant = await self._resource_indicators.grant_of_code(
            client,
            resource=parameters.resource,
            scope=scope,
            granted=code.resources,
            granted_at=code.issued_at,
        )
        grant = await self._authorization_details.grant_of(
            grant,
            client,
            asked=parameters.authorization_details,
            granted=code.authorization_details,
        )
        response = await self._token_issuer.redeem(
            self._device_code_repository.redeem,
            presented,
            client,
            signed_in,
            family_id=code.family_id,
            grant=grant,
            authentication=Authentication(auth_time, code.acr or "", code.amr or "", session_id),
            entitlements=entitlements,
            keys=request.keys,
        )
        if response is None:
            await self._token_issuer.refuse_replay(request.keys)
            raise _not_valid("the device code was used or revoked concurrently")
        return response


def _not_valid(reason: str) -> InvalidGrantError:
    """Return one error for a code that is unknown, used, another client's, or signed out."""
    return InvalidGrantError(Description.DEVICE_CODE_INVALID, reason=reason)
