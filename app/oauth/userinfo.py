"""UserInfo (OpenID Connect Core section 5.3): claims about the user who signed in."""

from collections.abc import Mapping
from typing import Any

from app.clock import Clock
from app.models.clients.clients import Client
from app.models.oauth.access_tokens import AccessToken
from app.oauth.claim_mappings import mapped_claims
from app.oauth.claims import claims_of, parse_claims
from app.oauth.dpop.confirmation import bound_key
from app.oauth.dpop.errors import InsufficientBoundScopeError
from app.oauth.errors import InsufficientScopeError, InvalidTokenError
from app.oauth.scopes import OPENID
from app.oauth.subjects import subject_of
from app.repositories.accounts.users import UserRepository
from app.repositories.clients.clients import ClientRepository
from app.repositories.oauth.token_families import TokenFamilyRepository
from app.schemas.claim_mappings import MappingTarget
from app.services.accounts.entitlements import EntitlementService
from app.services.clients.fapi import FapiProfile
from app.services.oauth.signing_keys import SigningKeys


class UserInfo:
    def __init__(
        self,
        *,
        user_repository: UserRepository,
        client_repository: ClientRepository,
        token_family_repository: TokenFamilyRepository,
        entitlements: EntitlementService,
        signing_keys: SigningKeys,
        fapi: FapiProfile,
        clock: Clock,
        issuer: str,
    ) -> None:
        self._user_repository = user_repository
        self._client_repository = client_repository
        self._token_family_repository = token_family_repository
        self._entitlements = entitlements
        self._signing_keys = signing_keys
        self._fapi = fapi
        self._clock = clock
        self._issuer = issuer

    async def respond(self, token: AccessToken) -> dict[str, Any] | str:
        """Return the claims: a dict, or a signed JWT if the client registered that (section 5.3.2).

        Raises `InsufficientScopeError` or `InvalidTokenError`.
        """
        if token.user_id is None:
            raise self._insufficient(token, "the access token was issued to the client itself")
        if OPENID not in token.scope.split():
            raise self._insufficient(token, "the access token lacks the scope openid")
        user = await self._user_repository.find(token.user_id)
        client = await self._client_repository.find(token.client_id, now=self._clock.now())
        if user is None or client is None:
            raise InvalidTokenError(reason="the user or the client no longer exists")
        asked = await self._asked(token, client)
        claims = {
            "sub": subject_of(user, client),
            **claims_of(user, scope=token.scope, asked=asked),
            **await mapped_claims(
                MappingTarget.USERINFO,
                client_id=client.client_id,
                policies=client.policies_in_force,
                scope=token.scope,
                requested=asked,
                entitlements=self._entitlements.lazily(user.user_id),
            ),
        }
        registered = client.registered_metadata.userinfo_signed_response_alg
        if registered is None:
            return claims
        signed = {**claims, "iss": self._issuer, "aud": client.identifier}
        algorithm = self._fapi.signing_algorithm(client, registered)
        return await self._signing_keys.sign(signed, algorithm=algorithm)

    def _insufficient(self, token: AccessToken, reason: str) -> InsufficientScopeError:
        if bound_key(token.confirmation) is None:
            return InsufficientScopeError(reason=reason)
        algorithms = self._fapi.proof_algorithms(token.policies)
        return InsufficientBoundScopeError(algorithms=algorithms, reason=reason)

    async def _asked(self, token: AccessToken, client: Client) -> Mapping[str, Any]:
        """Return what the `claims` parameter of this sign-in requested from UserInfo."""
        if token.family_id is None:
            return {}
        sign_in = await self._token_family_repository.find_sign_in(token.family_id)
        if sign_in is None or sign_in.claims is None:
            return {}
        return parse_claims(sign_in.claims).within(client.allowed_scope).userinfo
