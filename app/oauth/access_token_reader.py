"""Reading of access tokens, whatever their format: opaque ones by their row, JWTs (RFC 9068) by
their signature and the state of their family, client and user."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

from cachetools import FIFOCache

from app.clock import Clock
from app.models.clients.clients import Client
from app.models.oauth.access_tokens import AccessToken
from app.oauth.access_jwts import ACCESS_TOKEN_TYPE, AccessJwts
from app.repositories.oauth.access_tokens import AccessTokenRepository
from app.repositories.oauth.exchanged_tokens import ExchangedTokenRepository
from app.repositories.oauth.jwt_states import JwtStateRepository, digest_of_jti
from app.security.document_urls import stored_client_id
from app.security.encryption import SealError
from app.security.jose import header_of
from app.security.tokens import ACCESS_TOKEN, digest_of
from app.services.oauth.resource_catalogue import ResourceCatalogue
from app.services.oauth.signing_keys import SigningKeys

BEGINNING_OF_JWT = "eyJ"
"""The base64url of the brace and the quote with which the header begins."""


MAXIMUM_LENGTH = 32_768
"""Characters; the names of many groups make a token long."""
MAXIMUM_REMEMBERED = 2048
"""Verified tokens in memory, about two kilobytes each."""
LENGTH_TO_REMEMBER = 2048


class VerifiedJwt(NamedTuple):
    """A token that this server signed, by the key `kid`; it may have expired, or be revoked."""

    kid: str
    jti: str
    family_id: str | None
    client_id: str
    scope: str
    audience: str
    confirmation: str | None
    authorization_details: str | None
    issued_at: datetime
    expires_at: datetime


class TokenReference(NamedTuple):
    """What identifies an access token in the database: its digest, or that of its `jti`."""

    digest: bytes | None
    jti_digest: str | None


class AccessTokenReader:
    def __init__(
        self,
        *,
        access_token_repository: AccessTokenRepository,
        jwt_state_repository: JwtStateRepository,
        exchanged_token_repository: ExchangedTokenRepository,
        resource_catalogue: ResourceCatalogue,
        access_jwts: AccessJwts,
        signing_keys: SigningKeys,
        clock: Clock,
        issuer: str,
    ) -> None:
        self._access_token_repository = access_token_repository
        self._jwt_state_repository = jwt_state_repository
        self._exchanged_token_repository = exchanged_token_repository
        self._resource_catalogue = resource_catalogue
        self._access_jwts = access_jwts
        self._signing_keys = signing_keys
        self._clock = clock
        self._issuer = issuer
        self._remembered: FIFOCache[bytes, VerifiedJwt] = FIFOCache(MAXIMUM_REMEMBERED)

    async def find_valid(self, token: str, *, server: str | None = None) -> AccessToken | None:
        """Return an access token, or None if it is unknown, expired or revoked.

        None also if its family is revoked, its client or user is disabled or unknown, or its
        resource was deleted, and for an exchanged token if its subject token is not valid any more.
        With a `server`, None also if the token is for a resource that this client does not serve.
        """
        found = await self._find(token, server)
        if found is None or found.subject_client_id is None:
            return found
        is_valid = await self._exchanged_token_repository.has_valid_subject(found.family_id or "")
        return found if is_valid else None

    async def reference_of(self, token: str) -> TokenReference:
        """Return what identifies a valid access token."""
        if token.startswith(ACCESS_TOKEN):
            return TokenReference(digest_of(token), None)
        verified = await self._verified(token)
        return TokenReference(None, digest_of_jti(verified.jti) if verified is not None else None)

    async def _find(self, token: str, server: str | None) -> AccessToken | None:
        if token.startswith(ACCESS_TOKEN):
            found = await self._access_token_repository.find_valid(
                digest_of(token), now=self._clock.now()
            )
            if found is not None and found.audience is not None:
                return found if await self._has_resource(found, server) else None
            return found
        verified = await self._verified(token)
        return await self._with_state(verified, server) if verified is not None else None

    async def revoke(self, token: str, client: Client) -> None:
        """Revoke an access token if it was issued to this client (RFC 7009 section 2.1)."""
        if token.startswith(ACCESS_TOKEN):
            await self._access_token_repository.revoke(
                digest_of(token), client_id=client.client_id, now=self._clock.now()
            )
            return
        verified = await self._verified(token)
        if verified is not None and verified.client_id == client.client_id:
            await self._jwt_state_repository.deny(verified.jti, expires_at=verified.expires_at)

    async def _verified(self, token: str) -> VerifiedJwt | None:
        """Return a JWT of ours, of the type of access tokens, that has not expired.

        A signature is verified once for as long as the token is remembered: that takes as long as
        the rest of a request.
        """
        if not token.startswith(BEGINNING_OF_JWT) or len(token) > MAXIMUM_LENGTH:
            return None
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        verified = self._remembered.get(digest)
        if verified is None:
            verified = await self._verified_anew(token)
            if verified is None:
                return None
            if len(token) <= LENGTH_TO_REMEMBER:
                self._remembered[digest] = verified
        elif not await self._signing_keys.is_published(verified.kid):
            return None
        return verified if verified.expires_at > self._clock.now() else None

    async def _verified_anew(self, token: str) -> VerifiedJwt | None:
        claims = await self._signing_keys.verify_published(token, typ=ACCESS_TOKEN_TYPE)
        if claims is None or claims.get("iss") != self._issuer:
            return None
        jti, client_id = claims["jti"], stored_client_id(claims["client_id"])
        try:
            family_id = self._access_jwts.family_of(jti, client_id=client_id)
        except SealError:
            return None
        return VerifiedJwt(
            kid=header_of(token)["kid"],
            jti=jti,
            family_id=family_id,
            client_id=client_id,
            scope=claims.get("scope", ""),
            audience=claims["aud"],
            confirmation=_stored(claims.get("cnf")),
            authorization_details=_stored(claims.get("authorization_details")),
            issued_at=datetime.fromtimestamp(claims["iat"], UTC),
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        )

    async def _has_resource(self, token: AccessToken | VerifiedJwt, server: str | None) -> bool:
        """Return whether the resource of a token exists, and has since the token was issued.

        With a `server`, that client must act as the server of the resource.
        """
        resource = await self._resource_catalogue.find_audience(
            token.audience or "", issued_at=token.issued_at
        )
        return resource is not None and (server is None or resource.is_served_by(server))

    async def _with_state(self, jwt: VerifiedJwt, server: str | None) -> AccessToken | None:
        if not await self._has_resource(jwt, server):
            return None
        state = await self._jwt_state_repository.find_valid(
            jwt.jti, family_id=jwt.family_id, client_id=jwt.client_id
        )
        if state is None:
            return None
        return AccessToken(
            family_id=jwt.family_id,
            client_id=jwt.client_id,
            user_id=state.user_id,
            scope=jwt.scope,
            issued_at=jwt.issued_at,
            expires_at=jwt.expires_at,
            username=state.username,
            otp_confirmed_at=state.otp_confirmed_at,
            pairwise_salt=state.pairwise_salt,
            sector_identifier=state.sector_identifier,
            policies=state.policies,
            default_resource=state.default_resource,
            audience=jwt.audience,
            confirmation=jwt.confirmation,
            authorization_details=jwt.authorization_details,
            auth_time=state.auth_time,
            acr=state.acr,
            actors=state.actors,
            about_client_id=state.about_client_id,
            subject_client_id=state.subject_client_id,
        )


def _stored(value: Any) -> str | None:
    """Return a claim as rows of opaque tokens store it."""
    return None if value is None else json.dumps(value)
