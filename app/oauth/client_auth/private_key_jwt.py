"""JWTs signed with the private key of the client (RFC 7523, OpenID Connect Core section 9)."""

import json
from base64 import urlsafe_b64decode
from datetime import datetime, timedelta
from typing import Any

from app.clock import Clock
from app.errors import OverloadedError
from app.models.clients.clients import Client
from app.oauth.client_auth.base import (
    UNKNOWN_CLIENT,
    ClientAuthMethod,
    Credentials,
)
from app.oauth.errors import InvalidClientError
from app.oauth.requests import FormRequest
from app.outbound.http import BusyError, FetchError
from app.repositories.operations.replay_cache import ReplayCacheRepository
from app.security.client_jwt import (
    SKEW,
    require_exact_audience,
    require_now,
    require_only_audience,
)
from app.security.jose import SignatureError, header_of
from app.services.clients.client_keys import ClientKeys
from app.services.clients.fapi import FapiProfile
from app.services.operations.links import Links

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
JWT_TYPE = "client-authentication+jwt"
MAXIMUM_LIFETIME = timedelta(minutes=60)
"""Longest accepted lifetime of an assertion, whose `jti` is stored until `exp`."""
MAXIMUM_JTI = 256


class PrivateKeyJwt(ClientAuthMethod):
    name = "private_key_jwt"
    proves_identity = True
    is_chosen_by_registration = False
    uses_secret = False
    uses_keys = True
    form_parameters = frozenset({"client_id", "client_assertion", "client_assertion_type"})

    def __init__(
        self,
        *,
        client_keys: ClientKeys,
        replay_cache_repository: ReplayCacheRepository,
        links: Links,
        fapi: FapiProfile,
        clock: Clock,
    ) -> None:
        self._client_keys = client_keys
        self._replay_cache_repository = replay_cache_repository
        self._fapi = fapi
        self._clock = clock
        self._issuer = links.issuer
        # RFC 9126 section 2 requires all three to be accepted, at every endpoint. The last two have
        # further URLs where clients present certificates (RFC 8705 section 5).
        endpoints = (f"{base}{path}" for base in links.bases for path in ("/token", "/par"))
        self._audiences = {links.issuer, *endpoints}

    def extract(self, request: FormRequest) -> Credentials | None:
        assertion = request.form.get("client_assertion")
        if assertion is None:
            return None
        if request.form.get("client_assertion_type") != ASSERTION_TYPE:
            raise InvalidClientError(reason="the client_assertion_type is missing or unknown")
        return Credentials(_subject_of(assertion), assertion)

    async def refusal(self, client: Client | None, credentials: Credentials) -> str | None:
        if client is None:
            return UNKNOWN_CLIENT
        try:
            claims = await self._client_keys.verified(
                client,
                credentials.secret,
                algorithm=client.registered_metadata.token_endpoint_auth_signing_alg,
                allowed=self._fapi.client_algorithms(client),
                typ=JWT_TYPE,
            )
            jti, expires_at = self._check(client, claims)
        except BusyError:
            raise OverloadedError from None
        except (SignatureError, FetchError) as error:
            return f"the client assertion cannot be verified: {error}"
        is_first = await self._replay_cache_repository.spend(
            f"{client.client_id} {jti}", expires_at=expires_at + SKEW
        )
        return None if is_first else "the client assertion was used before (same jti)"

    def _check(self, client: Client, claims: dict[str, Any]) -> tuple[str, datetime]:
        """Return the `jti` and the expiry of an assertion; raises `SignatureError`."""
        if claims.get("iss") != client.identifier or claims.get("sub") != client.identifier:
            raise SignatureError("iss and sub are not the client_id")
        if self._fapi.holds_for(client):
            require_exact_audience(claims, self._issuer)
        else:
            require_only_audience(claims, self._audiences)
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= MAXIMUM_JTI:
            raise SignatureError("jti is missing or invalid")
        expires_at = require_now(claims, self._clock.now(), lifetime=MAXIMUM_LIFETIME)
        if expires_at is None:
            raise SignatureError("exp is missing")
        return jti, expires_at


def _subject_of(assertion: str) -> str:
    """Return the `sub` of an assertion that has not been verified yet."""
    try:
        header_of(assertion)
        payload = assertion.split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (SignatureError, ValueError, RecursionError):
        raise InvalidClientError(reason="the client assertion is malformed") from None
    subject = claims.get("sub") if isinstance(claims, dict) else None
    if not isinstance(subject, str) or not subject.isascii() or not subject.isprintable():
        raise InvalidClientError(reason="the client assertion has no client_id in sub")
    return subject
