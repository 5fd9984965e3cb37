"""JWT access tokens (RFC 9068), for resources whose servers verify tokens by themselves.

A JWT has no row. That of a user belongs to its family, whose id is sealed in `jti`: what services
see of it differs for each token.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from app.models.accounts.users import User
from app.models.clients.clients import Client
from app.models.oauth.resources import Resource
from app.oauth.claim_mappings import mapped_claims
from app.oauth.errors import InvalidTargetError
from app.oauth.exchange.actors import may_act_of
from app.oauth.id_tokens import Authentication
from app.oauth.sealed_families import opened_id, sealed_id
from app.oauth.subjects import subject_for
from app.oauth.token_grants import TokenGrant
from app.oauth.token_pairs import TokenPair
from app.schemas.claim_mappings import MappingTarget
from app.security.encryption import SecretBox
from app.security.tokens import new_identifier
from app.services.accounts.entitlements import EntitlementService
from app.services.clients.fapi import FAPI_ALGORITHMS, FapiProfile
from app.services.oauth.signing_keys import SigningKeys

ACCESS_TOKEN_TYPE = "at+jwt"
OWN_JTI_LENGTH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtUser:
    """The user of a token; `auth_time` and `acr` are None if the sign-in was not in a browser."""

    user_id: str
    pairwise_salt: bytes
    auth_time: datetime | None
    acr: str | None


def jwt_user_of(user: User, authentication: Authentication | None = None) -> JwtUser:
    return JwtUser(
        user_id=user.user_id,
        pairwise_salt=user.pairwise_salt,
        auth_time=authentication.auth_time if authentication is not None else None,
        acr=authentication.acr if authentication is not None else None,
    )


class NewJwt(NamedTuple):
    """The parts of a token that its grant does not determine."""

    jti: str
    scope: str
    issued_at: datetime
    expires_at: datetime
    about_client_id: str | None
    act: dict[str, Any] | None


class AccessJwts:
    """Signs access tokens; `box` seals the ids of families."""

    def __init__(
        self,
        *,
        signing_keys: SigningKeys,
        box: SecretBox,
        entitlements: EntitlementService,
        fapi: FapiProfile,
        issuer: str,
    ) -> None:
        self._signing_keys = signing_keys
        self._box = box
        self._entitlements = entitlements
        self._fapi = fapi
        self._issuer = issuer

    async def for_client(
        self, client: Client, grant: TokenGrant, *, issued_at: datetime, expires_at: datetime
    ) -> str:
        """Return a token about the client itself."""
        new = NewJwt(
            jti=new_identifier(),
            scope=grant.scope,
            issued_at=issued_at,
            expires_at=expires_at,
            about_client_id=None,
            act=None,
        )
        return await self._sign(client, grant, new, user=None)

    async def in_pair(
        self,
        pair: TokenPair,
        client: Client,
        grant: TokenGrant,
        user: JwtUser,
        *,
        family_id: str,
        now: datetime,
    ) -> TokenPair:
        """Return a new pair with a JWT as its access token, if the grant is for one."""
        if not grant.is_for_jwt:
            return pair
        jti = self._jti_of(family_id, client)
        return await self.again_in_pair(pair._replace(jti=jti), client, grant, user, issued_at=now)

    async def for_exchange(
        self,
        client: Client,
        grant: TokenGrant,
        *,
        family_id: str,
        user: JwtUser | None,
        about_client_id: str | None,
        act: dict[str, Any] | None,
        issued_at: datetime,
        expires_at: datetime,
    ) -> str:
        """Return a token that a client got by token exchange, about a user or a client."""
        new = NewJwt(
            jti=self._jti_of(family_id, client),
            scope=grant.scope,
            issued_at=issued_at,
            expires_at=expires_at,
            about_client_id=about_client_id,
            act=act,
        )
        return await self._sign(client, grant, new, user=user)

    def _jti_of(self, family_id: str, client: Client) -> str:
        return sealed_id(self._box, family_id, context=client.client_id)

    async def again_in_pair(
        self,
        pair: TokenPair,
        client: Client,
        grant: TokenGrant,
        user: JwtUser,
        *,
        issued_at: datetime,
    ) -> TokenPair:
        """Return a pair with the JWT that it had when it was issued, by its `jti`."""
        new = NewJwt(
            jti=pair.jti or "",
            scope=pair.scope,
            issued_at=issued_at,
            expires_at=pair.access_expires_at,
            about_client_id=None,
            act=None,
        )
        return pair._replace(access_token=await self._sign(client, grant, new, user=user))

    def family_of(self, jti: str, *, client_id: str) -> str | None:
        """Return the family of a token, or None if it was issued to the client itself.

        Raises `SealError` if it was sealed under a key that is not known any more.
        """
        if len(jti) == OWN_JTI_LENGTH:
            return None
        return opened_id(self._box, jti, context=client_id)

    async def _sign(
        self, client: Client, grant: TokenGrant, new: NewJwt, *, user: JwtUser | None
    ) -> str:
        """Return a token, about a user or the client itself (RFC 9068 section 2.2)."""
        resource = _resource_of(grant)
        self._require_algorithm(resource, client)
        client_id = client.identifier
        content: dict[str, Any] = {
            **(await self._claims_about(user, client, grant) if user is not None else {}),
            "iss": self._issuer,
            "sub": new.about_client_id or client_id,
            "aud": resource.identifier,
            "client_id": client_id,
            "jti": new.jti,
            "iat": int(new.issued_at.timestamp()),
            "exp": int(new.expires_at.timestamp()),
        }
        if new.scope:
            content["scope"] = new.scope
        if user is not None:
            content["sub"] = subject_for(
                user.user_id, salt=user.pairwise_salt, sector_identifier=client.sector_identifier
            )
        if new.act is not None:
            content["act"] = new.act
        if (may_act := may_act_of(client.policies)) is not None:
            content["may_act"] = may_act
        if grant.confirmation is not None:
            content["cnf"] = json.loads(grant.confirmation)
        if grant.authorization_details is not None:
            content["authorization_details"] = json.loads(grant.authorization_details)
        return await self._signing_keys.sign(
            content, algorithm=resource.signing_alg, typ=ACCESS_TOKEN_TYPE
        )

    def _require_algorithm(self, resource: Resource, client: Client) -> None:
        """Refuse a signature that the FAPI 2.0 profile does not allow (section 5.4.1).

        The services of the resource expect one algorithm, so it cannot be replaced here. Raises
        `InvalidTargetError`.
        """
        if resource.signing_alg not in FAPI_ALGORITHMS and self._fapi.holds_for(client):
            raise InvalidTargetError(
                reason=f"the resource {resource.name} signs with {resource.signing_alg}, which the"
                f" FAPI 2.0 profile does not allow: postern resources set {resource.name}"
                " --signing-alg PS256"
            )

    async def _claims_about(
        self, user: JwtUser, client: Client, grant: TokenGrant
    ) -> dict[str, Any]:
        """Return what the token says of the sign-in, and what the client gets about the user."""
        mapped = await mapped_claims(
            MappingTarget.ACCESS_TOKEN,
            client_id=client.client_id,
            policies=client.policies_in_force,
            scope=grant.kept_scope,
            entitlements=self._entitlements.lazily(user.user_id),
        )
        claims = dict(mapped)
        if user.auth_time is not None:
            claims["auth_time"] = int(user.auth_time.timestamp())
        if user.acr:
            claims["acr"] = user.acr
        return claims


def _resource_of(grant: TokenGrant) -> Resource:
    if grant.resource is None:
        raise AssertionError("a JWT has an audience")
    return grant.resource
