"""Device authorization (RFC 8628): the user enters a device's short code on another device."""

import secrets
import unicodedata
from datetime import timedelta

from app.clock import Clock
from app.models.clients.clients import Client
from app.models.oauth.device_codes import DeviceCode
from app.models.oauth.granted_resources import parse_granted
from app.oauth.access_policy import may_use
from app.oauth.admin_access import MissingFactor, missing_factor, scope_for_user
from app.oauth.authorization_details import AuthorizationDetails
from app.oauth.client_auth.authenticator import ClientAuthenticator
from app.oauth.descriptions import Description
from app.oauth.detail_lists import types_in
from app.oauth.errors import UnauthorizedClientError
from app.oauth.fapi import require_grant_of_profile
from app.oauth.login_methods import accepts_session
from app.oauth.requests import FormRequest
from app.oauth.resource_indicators import Requested, ResourceIndicators
from app.observability import refusals
from app.repositories.clients.clients import ClientRepository
from app.repositories.oauth.device_codes import DeviceCodeRepository
from app.schemas.tokens import DeviceResponse
from app.security.tokens import TokenKind, digest_of, new_identifier, new_token
from app.services.accounts.entitlements import EntitlementService
from app.services.accounts.events import AccountEvent
from app.services.accounts.second_factor_policies import SecondFactorPolicies
from app.services.accounts.sessions import SignedIn
from app.services.clients.client_fingerprints import fingerprint_of
from app.services.clients.consents import ConsentService
from app.services.clients.fapi import FapiProfile
from app.services.oauth.resource_catalogue import ResourceCatalogue
from app.services.operations.audit import AuditLog
from app.services.operations.limits import Limits
from app.services.operations.links import Links

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""Letters that form no words and are not easily confused (section 6.1)."""
LENGTH = 8
INTERVAL_SECONDS = 5
ATTEMPTS = 5


class DeviceAuthorization:
    """Device authorization endpoint; `ttl` is the lifetime of a device code."""

    def __init__(
        self,
        *,
        authenticator: ClientAuthenticator,
        resource_indicators: ResourceIndicators,
        resource_catalogue: ResourceCatalogue,
        authorization_details: AuthorizationDetails,
        client_repository: ClientRepository,
        device_code_repository: DeviceCodeRepository,
        consents: ConsentService,
        entitlements: EntitlementService,
        second_factor_policies: SecondFactorPolicies,
        fapi: FapiProfile,
        limits: Limits,
        audit: AuditLog,
        clock: Clock,
        links: Links,
        ttl: timedelta,
    ) -> None:
        self._authenticator = authenticator
        self._resource_indicators = resource_indicators
        self._resource_catalogue = resource_catalogue
        self._authorization_details = authorization_details
        self._client_repository = client_repository
        self._device_code_repository = device_code_repository
        self._consents = consents
        self._entitlements = entitlements
        self._second_factor_policies = second_factor_policies
        self._fapi = fapi
        self._limits = limits
        self._audit = audit
        self._clock = clock
        self._links = links
        self._ttl = ttl

    async def respond(self, request: FormRequest) -> DeviceResponse:
        """Issue a device code and a user code (section 3.2); raises an `OAuth2Error`."""
        client = await self._authenticator.authenticate(request)
        if not client.check_grant_type(DEVICE_CODE):
            raise UnauthorizedClientError(
                Description.GRANT_TYPE_NOT_REGISTERED,
                reason="the client did not register the device code grant",
            )
        require_grant_of_profile(self._fapi, client, DEVICE_CODE)
        requested = await self._resource_indicators.requested(
            client,
            resource=request.form.get("resource"),
            scope=request.form.get("scope"),
            requires_known_name=False,
        )
        details = await self._authorization_details.requested(
            client, request.form.get("authorization_details"), resources=requested.resources
        )
        await self._limits.count_request_of(client.client_id, is_authenticated=not client.is_public)
        device_code = new_token(TokenKind.DEVICE_CODE)
        user_code = await self._store(device_code, client, requested, details)
        shown = shown_form(user_code)
        return DeviceResponse(
            device_code=device_code,
            user_code=shown,
            verification_uri=self._links.device(),
            verification_uri_complete=self._links.device(shown),
            expires_in=int(self._ttl.total_seconds()),
            interval=INTERVAL_SECONDS,
        )

    async def find(self, text: str) -> tuple[DeviceCode, Client] | None:
        """Return the pending device code for a user code as the user typed it, and its client.

        User codes are short enough to be guessed (section 5.1), so attempts are rate-limited:
        raises `TooManyRequestsError`.
        """
        user_code = stored_form(text)
        if user_code is None:
            refusals.explain("the text is not a user code")
            return None
        code = await self._device_code_repository.find_by_user_code(
            user_code, now=self._clock.now()
        )
        await self._limits.settle_device_code(is_right=code is not None)
        client = (
            await self._client_repository.find(code.client_id, now=self._clock.now())
            if code is not None
            else None
        )
        if code is None or client is None or client.is_disabled:
            refusals.explain("the user code is unknown, used or expired, or its client is disabled")
            return None
        if not await self._has_resources(code):
            refusals.explain("the user code is for a resource that was created again since")
            return None
        return code, client

    async def decide(
        self, text: str, signed_in: SignedIn, *, client_fingerprint: str, is_allowed: bool
    ) -> bool:
        """Store the user's decision.

        Returns False if the code has expired or has been decided, if the client has changed since
        the page showed it, if its policies do not allow the user or the session, or if the scope
        needs a second factor that the user has not given lately.
        """
        pending = await self.find(text)
        if pending is None:
            return False
        code, client = pending
        now = self._clock.now()
        if not is_allowed:
            return await self._device_code_repository.deny(code.user_code, now=now)
        if client_fingerprint != fingerprint_of(client):
            return False
        if not accepts_session(client, signed_in.session):
            return False
        scope = await self.scope_for(code, client, signed_in)
        if scope is None or await self.missing_factor(scope, client, signed_in) is not None:
            return False
        event = self._audit.event(
            AccountEvent.DEVICE_APPROVED, user_id=signed_in.user.user_id, client_id=client.client_id
        )
        scopes = frozenset(scope.split())
        consent, granted = self._consents.new_consent(
            signed_in.user,
            client,
            scopes,
            resources=parse_granted(code.resources),
            detail_types=types_in(code.authorization_details),
        )
        return await self._device_code_repository.approve(
            code.user_code, signed_in.session, consent=consent, now=now, events=(event, granted)
        )

    async def scope_for(self, code: DeviceCode, client: Client, signed_in: SignedIn) -> str | None:
        """Return the part of the requested scope that a user can grant, or None if they may not use
        the client."""
        user = self._entitlements.lazily(signed_in.user.user_id)
        if not await may_use(client, user):
            return None
        allowed = client.get_allowed_scope(code.scope)
        scope = await scope_for_user(allowed, client=client, user=user, has_recent_factor=True)
        return scope if scope or not allowed else None

    async def missing_factor(
        self, scope: str, client: Client, signed_in: SignedIn
    ) -> MissingFactor | None:
        """Return what the user has to give before they can grant a scope, or None."""
        missing = missing_factor(scope, client, signed_in.session, at=self._clock.now())
        user = self._entitlements.lazily(signed_in.user.user_id)
        if missing is None and not await self._second_factor_policies.is_met(
            signed_in, client, user=user
        ):
            return "second_factor"
        return missing

    async def _has_resources(self, code: DeviceCode) -> bool:
        """Return whether the resources are those that the device requested, not later ones."""
        requested = parse_granted(code.resources)
        return requested == await self._resource_catalogue.still_granted(
            requested, granted_at=code.issued_at
        )

    def complete_uri(self, code: DeviceCode) -> str:
        return self._links.device(shown_form(code.user_code))

    async def _store(
        self, device_code: str, client: Client, requested: Requested, details: str | None
    ) -> str:
        """Store a device code and return its user code, which no other device code has."""
        now = self._clock.now()
        for _ in range(ATTEMPTS):
            user_code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
            code = DeviceCode(
                user_code=user_code,
                family_id=new_identifier(),
                client_id=client.client_id,
                scope=requested.scope,
                issued_at=now,
                expires_at=now + self._ttl,
                interval=INTERVAL_SECONDS,
                last_polled_at=None,
                approved_at=None,
                denied_at=None,
                user_id=None,
                credentials_version=None,
                session_id=None,
                auth_time=None,
                acr=None,
                amr=None,
                used_at=None,
                used_for=None,
                resources=requested.granted.stored(),
                authorization_details=details,
            )
            if await self._device_code_repository.add(digest_of(device_code), code):
                return user_code
        raise RuntimeError("no free user code was found")


def shown_form(user_code: str) -> str:
    return f"{user_code[:4]}-{user_code[4:]}"


def stored_form(text: str) -> str | None:
    """Return the letters of a user code, however it is typed, or None if it is not a code."""
    plain = unicodedata.normalize("NFKC", text[:40]).upper()
    letters = "".join(char for char in plain if char.isascii() and char.isalpha())
    return letters if len(letters) == LENGTH and set(letters) <= set(ALPHABET) else None
