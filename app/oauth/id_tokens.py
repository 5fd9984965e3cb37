"""ID tokens (OpenID Connect Core section 2) and logout tokens (Back-Channel Logout 1.0)."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from app.clock import Clock
from app.models.accounts.users import User
from app.models.clients.clients import Client
from app.oauth.claim_mappings import mapped_claims
from app.oauth.claims import claims_for_id_token, parse_claims
from app.oauth.exchange.token_types import TOKEN_EXCHANGE
from app.oauth.scopes import OPENID
from app.oauth.sealed_families import SealedFamilies
from app.oauth.subjects import sid_for, sid_of, subject_of
from app.schemas.claim_mappings import MappingTarget
from app.security.tokens import new_identifier
from app.services.accounts.entitlements import LazyEntitlements
from app.services.clients.fapi import FapiProfile
from app.services.oauth.signing_keys import JWT_TYPE, SigningKeys

DEFAULT_ALGORITHM = "RS256"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TYPE = "logout+jwt"
LOGOUT_TTL = timedelta(minutes=2)
SEALED_IN = "id_token"
IDENTITY_ASSERTION_TYPE = "oauth-id-jag+jwt"
NO_CLAIMS: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Authentication:
    """How and when a user signed in; `amr` is separated by spaces (RFC 8176)."""

    auth_time: datetime
    acr: str
    amr: str
    session_id: str | None


@dataclass(frozen=True, slots=True)
class Hint:
    """Claims of an ID token that this server issued, expired or not."""

    sub: str
    aud: str
    sid: str | None


class Subject(NamedTuple):
    """What an ID token says that its client exchanges (RFC 8693): of which sign-in it is."""

    family_id: str
    expires_at: datetime


class IdTokens:
    """Issues and reads ID tokens. `sealed_families` is for clients that may exchange them: their
    ID tokens name the family of the sign-in in `jti`."""

    def __init__(
        self,
        *,
        signing_keys: SigningKeys,
        fapi: FapiProfile,
        clock: Clock,
        sealed_families: SealedFamilies,
        issuer: str,
        ttl: timedelta,
    ) -> None:
        self._sealed_families = sealed_families
        self._signing_keys = signing_keys
        self._fapi = fapi
        self._clock = clock
        self._issuer = issuer
        self._ttl = ttl

    async def issue(
        self,
        client: Client,
        user: User,
        *,
        authentication: Authentication,
        family_id: str | None = None,
        nonce: str | None = None,
        access_token: str | None = None,
        claims: Mapping[str, Any] = NO_CLAIMS,
    ) -> str:
        """Issue an ID token, signed with the algorithm that the client registered.

        There is one audience, so `azp` is omitted. A client under the FAPI 2.0 profile gets `sid`
        only if it registered a logout URI.
        """
        algorithm = self._algorithm_of(client)
        now = int(self._clock.now().timestamp())
        content: dict[str, Any] = {
            **claims,
            "iss": self._issuer,
            "sub": subject_of(user, client),
            "aud": client.identifier,
            "exp": now + int(self._ttl.total_seconds()),
            "iat": now,
            "auth_time": int(authentication.auth_time.timestamp()),
            "acr": authentication.acr,
            "amr": authentication.amr.split(),
        }
        has_sid = client.registered_metadata.has_logout_uri or not self._fapi.holds_for(client)
        if authentication.session_id is not None and has_sid:
            content["sid"] = sid_of(user, client, authentication.session_id)
        if family_id is not None and client.check_grant_type(TOKEN_EXCHANGE):
            content["jti"] = self._sealed_families.seal(
                family_id, kind=SEALED_IN, client_id=client.client_id
            )
        if nonce is not None:
            content["nonce"] = nonce
        if access_token is not None:
            content["at_hash"] = half_hash(access_token, algorithm)
        return await self._signing_keys.sign(content, algorithm=algorithm)

    async def issue_with(
        self,
        client: Client,
        user: User,
        access_token: str,
        *,
        scope: str,
        authentication: Authentication,
        entitlements: LazyEntitlements,
        family_id: str,
        nonce: str | None = None,
        claims: str | None = None,
    ) -> str | None:
        """Issue the ID token for an access token, or return None if `openid` was not granted.

        `scope` is what was granted beside resources: scopes of a resource open no claims.
        """
        if OPENID not in scope.split():
            return None
        policies = client.policies_in_force
        request = parse_claims(claims).within(client.allowed_scope)
        mapped = await mapped_claims(
            MappingTarget.ID_TOKEN,
            client_id=client.client_id,
            policies=policies,
            scope=scope,
            requested=request.id_token,
            entitlements=entitlements,
        )
        return await self.issue(
            client,
            user,
            authentication=authentication,
            family_id=family_id,
            nonce=nonce,
            access_token=access_token,
            claims={
                **claims_for_id_token(
                    user,
                    request,
                    scope=client.get_allowed_scope(scope),
                    also=policies.id_token_claims if policies is not None else (),
                ),
                **mapped,
            },
        )

    async def logout_token(
        self, client: Client, user: User | None, session_id: str, *, salt: bytes = b""
    ) -> str:
        """Issue a logout token for an ended session (Back-Channel Logout section 2.4).

        It has no nonce. `user` is None if the user has been deleted: `sid` alone is sufficient, and
        `salt` is the salt of that user's pseudonyms.
        """
        salt = user.pairwise_salt if user is not None else salt
        now = int(self._clock.now().timestamp())
        content = {
            "iss": self._issuer,
            **({"sub": subject_of(user, client)} if user is not None else {}),
            "aud": client.identifier,
            "iat": now,
            "exp": now + int(LOGOUT_TTL.total_seconds()),
            "jti": new_identifier(),
            "sid": sid_for(session_id, salt=salt, client=client),
            "events": {LOGOUT_EVENT: {}},
        }
        algorithm = self._algorithm_of(client)
        return await self._signing_keys.sign(content, algorithm=algorithm, typ=LOGOUT_TYPE)

    async def identity_assertion(
        self,
        relying_party: Client,
        user: User,
        content: Mapping[str, Any],
        *,
        issued_at: datetime,
        expires_at: datetime,
    ) -> str:
        """Sign an ID-JAG about a user, by the subject and the algorithm of a relying party."""
        claims = {
            **content,
            "iss": self._issuer,
            "sub": subject_of(user, relying_party),
            "iat": int(issued_at.timestamp()),
            "exp": int(expires_at.timestamp()),
        }
        algorithm = self._algorithm_of(relying_party)
        return await self._signing_keys.sign(
            claims, algorithm=algorithm, typ=IDENTITY_ASSERTION_TYPE
        )

    async def read_hint(self, token: str) -> Hint | None:
        """Return the claims of an ID token that this server issued.

        Returns None for anything else, including a logout token.
        """
        claims = await self._signing_keys.verify(token)
        if claims is None or claims.get("iss") != self._issuer or "events" in claims:
            return None
        sub, aud, sid = claims.get("sub"), claims.get("aud"), claims.get("sid")
        if not isinstance(sub, str) or not isinstance(aud, str) or "auth_time" not in claims:
            return None
        return Hint(sub, aud, sid if isinstance(sid, str) else None)

    def _algorithm_of(self, client: Client) -> str:
        registered = client.registered_metadata.id_token_signed_response_alg
        return self._fapi.signing_algorithm(client, registered or DEFAULT_ALGORITHM)

    async def read_subject(self, token: str, client: Client) -> Subject | None:
        """Return of which sign-in an ID token is that this server issued to a client.

        Returns None for anything else, including an ID token of another client or an expired one.
        """
        claims = await self._signing_keys.verify_published(token, typ=JWT_TYPE)
        if claims is None or claims.get("iss") != self._issuer or "events" in claims:
            return None
        if claims.get("aud") != client.identifier or "auth_time" not in claims:
            return None
        jti, exp = claims.get("jti"), claims.get("exp")
        if not isinstance(jti, str) or not isinstance(exp, int):
            return None
        family_id = self._sealed_families.open(jti, kind=SEALED_IN, client_id=client.client_id)
        expires_at = datetime.fromtimestamp(exp, UTC)
        if family_id is None or expires_at <= self._clock.now():
            return None
        return Subject(family_id, expires_at)


def half_hash(value: str, algorithm: str) -> str:
    """Return the left half of the hash that the algorithm uses (Core section 3.1.3.6)."""
    name = "sha512" if algorithm == "EdDSA" else "sha256"
    digest = hashlib.new(name, value.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode("ascii")
