"""A JWT that the client signed with its private key (RFC 7523, OpenID Connect Core section 9)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.models.clients import Client
from app.oauth.client_auth.base import ClientAuthMethod, ClientAuthTools, Credentials
from app.oauth.errors import InvalidClientError
from app.oauth.requests import FormRequest
from app.observability.logging import logger
from app.outbound.http import FetchError
from app.security import jose
from app.security.jose import CLIENT_ALGORITHMS, SignatureError

log = logger(__name__)

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAXIMUM_LIFETIME = timedelta(minutes=5)
SKEW = timedelta(seconds=8)
MAXIMUM_JTI = 256


class PrivateKeyJwt(ClientAuthMethod):
    name = "private_key_jwt"

    def __init__(self, tools: ClientAuthTools) -> None:
        super().__init__(tools)
        self._audiences = {tools.issuer, f"{tools.issuer}/token"}

    def extract(self, request: FormRequest) -> Credentials | None:
        assertion = request.form.get("client_assertion")
        if assertion is None and "client_assertion_type" not in request.form:
            return None
        if assertion is None or request.form.get("client_assertion_type") != ASSERTION_TYPE:
            raise InvalidClientError
        return Credentials(_subject_of(assertion), assertion)

    async def verify(self, client: Client | None, credentials: Credentials) -> bool:
        if client is None:
            return False
        try:
            claims = await self._read(client, credentials.secret)
            expires_at = self._check(client, claims)
        except (SignatureError, FetchError) as error:
            log.info("the assertion of client %s is refused: %s", client.client_id, error)
            return False
        name = f"{client.client_id} {claims['jti']}"
        return await self.tools.spent_identifiers.spend(name, expires_at=expires_at + SKEW)

    async def _read(self, client: Client, assertion: str) -> dict[str, Any]:
        kid = jose.header_of(assertion).get("kid")
        keys = await self.tools.client_keys.keys_of(
            client, kid=kid if isinstance(kid, str) else None
        )
        registered = client.further_metadata.get("token_endpoint_auth_signing_alg")
        algorithms = (registered,) if registered else CLIENT_ALGORITHMS
        return jose.verify(assertion, keys, algorithms=algorithms)

    def _check(self, client: Client, claims: dict[str, Any]) -> datetime:
        """When it expires; raises `SignatureError`."""
        if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
            raise SignatureError("iss and sub are not the client")
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if not any(isinstance(each, str) and each in self._audiences for each in named):
            raise SignatureError("it is for another audience")
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= MAXIMUM_JTI:
            raise SignatureError("it has no jti")
        return check_times(claims, self.tools.clock.now(), lifetime=MAXIMUM_LIFETIME)


def check_times(claims: dict[str, Any], now: datetime, *, lifetime: timedelta) -> datetime:
    """The instant of `exp`, which has to come, and not too late; raises `SignatureError`."""
    expires_at = _instant(claims.get("exp"))
    if expires_at is None or expires_at + SKEW <= now:
        raise SignatureError("it has expired")
    begins_at = now
    for name in ("nbf", "iat"):
        if name not in claims:
            continue
        instant = _instant(claims[name])
        if instant is None or instant - SKEW > now:
            raise SignatureError(f"its {name} is to come")
        begins_at = min(begins_at, instant)
    if expires_at - begins_at > lifetime + SKEW:
        raise SignatureError("it lives too long")
    return expires_at


def _instant(value: Any) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _subject_of(assertion: str) -> str:
    """Whose it says to be, before anything is verified."""
    import base64
    import json

    try:
        jose.header_of(assertion)
        payload = assertion.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (SignatureError, ValueError, RecursionError):
        raise InvalidClientError from None
    subject = claims.get("sub") if isinstance(claims, dict) else None
    if not isinstance(subject, str) or not subject.isascii() or not subject.isprintable():
        raise InvalidClientError
    return subject
