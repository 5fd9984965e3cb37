"""Request objects (RFC 9101, OpenID Connect Core section 6): a request that the client signed."""

import json
from datetime import timedelta
from typing import Any

from app.clock import Clock
from app.models.clients import Client
from app.oauth.client_auth.private_key_jwt import check_times
from app.oauth.errors import (
    InvalidRequestObjectError,
    InvalidRequestUriError,
    RequestNotSupportedError,
    RequestUriNotSupportedError,
)
from app.observability.logging import logger
from app.outbound.http import FetchError, OutboundHttp
from app.security import jose
from app.security.jose import CLIENT_ALGORITHMS, SignatureError
from app.security.text import is_storable
from app.services.client_keys import ClientKeys

log = logger(__name__)

MAXIMUM_LIFETIME = timedelta(hours=1)
OF_THE_TOKEN = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti", "sub"})
NOT_INSIDE = frozenset({"request", "request_uri"})


class RequestObjects:
    def __init__(
        self, keys: ClientKeys, outbound: OutboundHttp, clock: Clock, *, issuer: str
    ) -> None:
        self._keys = keys
        self._outbound = outbound
        self._clock = clock
        self._issuer = issuer

    async def read(self, client: Client, request: str) -> dict[str, str]:
        """The parameters in a request object; raises an `OAuth2Error`."""
        if _is_unsigned(request):
            raise RequestNotSupportedError
        return await self._parameters(client, request)

    async def fetch(self, client: Client, request_uri: str) -> dict[str, str]:
        """The parameters in the request object at a registered URI; raises an `OAuth2Error`."""
        registered = client.further_metadata.get("request_uris") or ()
        if request_uri.partition("#")[0] not in [uri.partition("#")[0] for uri in registered]:
            raise InvalidRequestUriError("The request_uri is not registered.")
        try:
            fetched = await self._outbound.get(request_uri.partition("#")[0])
        except FetchError as error:
            log.info("the request_uri of client %s failed: %s", client.client_id, error)
            raise InvalidRequestUriError("The request_uri cannot be fetched.") from None
        if fetched.status != 200:
            raise InvalidRequestUriError("The request_uri cannot be fetched.")
        request = fetched.body.decode("ascii", "replace").strip()
        if _is_unsigned(request):
            raise RequestUriNotSupportedError
        return await self._parameters(client, request)

    async def _parameters(self, client: Client, request: str) -> dict[str, str]:
        try:
            claims = await self._verified(client, request)
            self._check(client, claims)
            return _as_parameters(claims)
        except (SignatureError, FetchError) as error:
            log.info("a request object of client %s is refused: %s", client.client_id, error)
            raise InvalidRequestObjectError from None

    async def _verified(self, client: Client, request: str) -> dict[str, Any]:
        kid = jose.header_of(request).get("kid")
        keys = await self._keys.keys_of(client, kid=kid if isinstance(kid, str) else None)
        registered = client.further_metadata.get("request_object_signing_alg")
        algorithms = (registered,) if registered else CLIENT_ALGORITHMS
        return jose.verify(request, keys, algorithms=algorithms)

    def _check(self, client: Client, claims: dict[str, Any]) -> None:
        """What is said about the token itself must be true; all but the signature is optional."""
        if claims.get("iss", client.client_id) != client.client_id:
            raise SignatureError("iss is not the client")
        if claims.get("client_id", client.client_id) != client.client_id:
            raise SignatureError("client_id is another client's")
        audience = claims.get("aud", self._issuer)
        named = audience if isinstance(audience, list) else [audience]
        if self._issuer not in named:
            raise SignatureError("it is for another audience")
        if "exp" in claims:
            check_times(claims, self._clock.now(), lifetime=MAXIMUM_LIFETIME)
        if NOT_INSIDE & claims.keys():
            raise SignatureError("it holds another request object")


def _as_parameters(claims: dict[str, Any]) -> dict[str, str]:
    """As they would stand in a query; objects as JSON."""
    parameters = {}
    for name, value in claims.items():
        if name in OF_THE_TOKEN or value is None:
            continue
        text = value if isinstance(value, str) else json.dumps(value)
        if not is_storable(text) or not is_storable(name):
            raise SignatureError("a parameter has control characters")
        parameters[name] = text
    return parameters


def _is_unsigned(request: str) -> bool:
    try:
        return jose.header_of(request).get("alg") == "none"
    except SignatureError:
        return False
