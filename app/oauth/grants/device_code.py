"""Device code grant (RFC 8628 section 3.4): a device polls until the user has decided."""

from typing import Literal

from app.models.clients.clients import Client
from app.models.oauth.device_codes import DeviceCode
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
from app.oauth.requests import TokenRequest
from app.schemas.tokens import TokenResponse
from app.security.tokens import TokenKind, digest_of


class DeviceCodeParameters(GrantParameters):
    """Token request of a device, which polls until the user has decided."""

    grant_type: Literal["urn:ietf:params:oauth:grant-type:device_code"]
    device_code: str


class DeviceCodeGrant(Grant[DeviceCodeParameters]):
    grant_type = DEVICE_CODE
    is_for_public_clients = True
    parameters = DeviceCodeParameters
    example_name = "Poll from a device"
    example = {  # noqa: RUF012 - a constant for the documentation
        "grant_type": DEVICE_CODE,
        "device_code": "postern_dc_…",
    }

    async def exchange(
        self, request: TokenRequest, parameters: DeviceCodeParameters
    ) -> TokenResponse:
        presented, now = parameters.device_code, self.tools.clock.now()
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
            return await self._redeem(request.client, presented, code)
        if not await self.tools.device_codes.poll(digest_of(presented), code, now=now):
            raise SlowDownError  # also means that the user has not decided yet
        raise AuthorizationPendingError

    async def _find(self, presented: str) -> DeviceCode | None:
        if not TokenKind.DEVICE_CODE.matches(presented):
            return None
        return await self.tools.device_codes.find(digest_of(presented))

    async def _redeem(self, client: Client, presented: str, code: DeviceCode) -> TokenResponse:
        session_id, auth_time = code.session_id, code.auth_time
        signed_in = await self.tools.sessions.find_by_id(session_id or "")
        if signed_in is None or auth_time is None:  # the user signed out meanwhile
            raise _not_valid("the session of the device code has ended")
        response = await self.tools.issuer.redeem(
            self.tools.device_codes.redeem,
            presented,
            client,
            signed_in,
            scope=code.scope,
            authentication=Authentication(auth_time, code.acr or "", code.amr or "", session_id),
        )
        if response is None:
            raise _not_valid("the device code was used or revoked concurrently")
        return response


def _not_valid(reason: str) -> InvalidGrantError:
    """Return one error for a code that is unknown, used, another client's, or signed out."""
    return InvalidGrantError("The device code is not valid.", reason=reason)
