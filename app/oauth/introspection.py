"""Token introspection (RFC 7662).

Any confidential client may introspect an access token without an audience, since services do; one
with an audience only the clients that act as the server of that resource, and a refresh token only
its own client. Every other token is reported as inactive.
"""

from collections.abc import Mapping
from typing import Any

from app.clock import Clock
from app.models.clients.clients import Client
from app.models.oauth.access_tokens import AccessToken
from app.models.oauth.granted_resources import parse_granted
from app.models.oauth.refresh_tokens import RefreshToken
from app.oauth.access_token_reader import AccessTokenReader
from app.oauth.claim_mappings import mapped_claims
from app.oauth.client_auth.authenticator import ClientAuthenticator
from app.oauth.descriptions import Description
from app.oauth.detail_lists import details_in
from app.oauth.dpop.confirmation import parse_confirmation, token_type_of
from app.oauth.errors import InvalidClientError, InvalidRequestError
from app.oauth.exchange.actors import ActClaims, may_act_of
from app.oauth.lifetimes import refresh_token_expiry
from app.oauth.personal_tokens import PersonalTokenIntrospection
from app.oauth.requests import FormRequest
from app.oauth.subjects import subject_for
from app.repositories.clients.clients import ClientRepository
from app.repositories.oauth.refresh_tokens import RefreshTokenRepository
from app.schemas.claim_mappings import MappingTarget
from app.schemas.client_policies import parse_policies
from app.schemas.tokens import Introspected, introspected
from app.security.document_urls import is_of_document
from app.security.tokens import PERSONAL_TOKEN, REFRESH_TOKEN, digest_of
from app.services.accounts.entitlements import EntitlementService
from app.services.clients.fapi import FapiProfile

INACTIVE: Introspected = {"active": False}


class Introspection:
    def __init__(
        self,
        *,
        authenticator: ClientAuthenticator,
        access_tokens: AccessTokenReader,
        client_repository: ClientRepository,
        refresh_token_repository: RefreshTokenRepository,
        personal_tokens: PersonalTokenIntrospection,
        entitlements: EntitlementService,
        act_claims: ActClaims,
        fapi: FapiProfile,
        clock: Clock,
        issuer: str,
    ) -> None:
        self._act_claims = act_claims
        self._fapi = fapi
        self._authenticator = authenticator
        self._access_tokens = access_tokens
        self._client_repository = client_repository
        self._refresh_token_repository = refresh_token_repository
        self._personal_tokens = personal_tokens
        self._entitlements = entitlements
        self._clock = clock
        self._issuer = issuer

    async def respond(self, request: FormRequest) -> Introspected:
        """Return the members of the response, as `IntrospectionResponse` describes them."""
        client = await self._authenticator.authenticate(request)
        if client.is_public:
            raise InvalidClientError(reason="a public client cannot introspect")
        token = request.form.get("token")
        if token is None:
            raise InvalidRequestError(Description.PARAMETER_MISSING.format(name="token"))
        if token.startswith(REFRESH_TOKEN):
            return await self._of_refresh_token(token, client)
        if token.startswith(PERSONAL_TOKEN):
            return await self._personal_tokens.respond(token, client) or INACTIVE
        return await self._of_access_token(token, client)

    async def _of_access_token(self, token: str, client: Client) -> Introspected:
        row = await self._access_tokens.find_valid(token, server=client.client_id)
        if row is None or self._fapi.requires_binding(row.policies, row.confirmation):
            return INACTIVE
        mapped = await self._mapped(row, row.policies) if row.user_id is not None else {}
        return introspected(
            active=True,
            scope=row.scope or None,
            client_id=await self._identifier_of(row.client_id),
            username=row.username if row.sector_identifier is None else None,
            token_type=token_type_of(row.confirmation),
            exp=int(row.expires_at.timestamp()),
            iat=int(row.issued_at.timestamp()),
            sub=_subject_of(row, sector_identifier=row.sector_identifier),
            iss=self._issuer,
            cnf=_confirmation_of(row) if row.confirmation is not None else None,
            aud=row.audience,
            acr=row.acr or None,
            auth_time=int(row.auth_time.timestamp()) if row.auth_time is not None else None,
            authorization_details=details_in(row.authorization_details),
            act=await self._act_claims.of(row.actors, sector_identifier=row.sector_identifier)
            if row.actors is not None
            else None,
            may_act=may_act_of(row.policies) if row.policies is not None else None,
            **mapped,
        )

    async def _of_refresh_token(self, token: str, client: Client) -> Introspected:
        row = await self._refresh_token_repository.find_in_active_family(digest_of(token))
        if (
            row is None
            or not row.check_client(client)
            or row.used_at is not None
            or (expires_at := refresh_token_expiry(row, client)) <= self._clock.now()
        ):
            return INACTIVE
        return introspected(
            active=True,
            scope=row.scope or None,
            client_id=client.identifier,
            username=row.username if client.sector_identifier is None else None,
            token_type="refresh_token",
            exp=int(expires_at.timestamp()),
            iat=int(row.issued_at.timestamp()),
            sub=_subject_of(row, sector_identifier=client.sector_identifier),
            iss=self._issuer,
            cnf=_confirmation_of(row),
            aud=sorted(parse_granted(row.resources).scopes) or None,
            authorization_details=details_in(row.authorization_details),
            **await self._mapped(row, client.policies),
        )

    async def _identifier_of(self, client_id: str) -> str:
        """Return a client's identifier as it sends it, which a long URL is not stored as."""
        if not is_of_document(client_id):
            return client_id
        client = await self._client_repository.find(client_id, now=self._clock.now())
        return client.identifier if client is not None else client_id

    async def _mapped(
        self, row: AccessToken | RefreshToken, policies: str | None
    ) -> Mapping[str, Any]:
        """Return the claims that the client of the token gets about its user."""
        if row.user_id is None:
            return {}
        return await mapped_claims(
            MappingTarget.INTROSPECTION,
            client_id=row.client_id,
            policies=parse_policies(policies) if policies is not None else None,
            scope=row.scope,
            entitlements=self._entitlements.lazily(row.user_id),
        )


def _confirmation_of(found: AccessToken | RefreshToken) -> dict[str, str] | None:
    """Return the key that a token is bound to (RFC 9449 section 6.2)."""
    return parse_confirmation(found.confirmation) if found.confirmation is not None else None


def _subject_of(found: AccessToken | RefreshToken, *, sector_identifier: str | None) -> str:
    """Return the subject as the client of the token knows it: the user, or else a client."""
    if found.user_id is None or found.pairwise_salt is None:
        about = found.about_client_id if isinstance(found, AccessToken) else None
        return about or found.client_id
    return subject_for(found.user_id, salt=found.pairwise_salt, sector_identifier=sector_identifier)
