"""Request objects (RFC 9101, OpenID Connect Core section 6): signed authorization requests."""

import json
from typing import Any

from app.clock import Clock
from app.models.clients.clients import Client
from app.oauth.authorization.requests import PARAMETERS
from app.oauth.descriptions import Description
from app.oauth.errors import (
    InvalidRequestObjectError,
    InvalidRequestUriError,
    RequestNotSupportedError,
    RequestUriNotSupportedError,
    TemporarilyUnavailableError,
)
from app.oauth.fetched_requests import BUSY, RETRY_AFTER, FetchedRequests, without_fragment
from app.oauth.requests import RESOURCE, joined_resources
from app.observability.refusals import shown_uri
from app.outbound.http import BusyError, FetchError, OutboundHttp
from app.security.client_jwt import require_audience, require_now
from app.security.jose import SignatureError, header_of
from app.security.text import is_encodable, is_storable
from app.services.clients.client_keys import ClientKeys
from app.services.clients.fapi import FapiProfile

JWT_TYPE = "oauth-authz-req+jwt"
NOT_ALLOWED_IN_REQUEST_OBJECTS = frozenset({"request", "request_uri"})


class RequestObjects:
    def __init__(
        self,
        *,
        client_keys: ClientKeys,
        outbound: OutboundHttp,
        fapi: FapiProfile,
        clock: Clock,
        issuer: str,
    ) -> None:
        self._client_keys = client_keys
        self._fapi = fapi
        self._fetched = FetchedRequests(outbound, clock)
        self._clock = clock
        self._issuer = issuer

    async def read(self, client: Client, request: str) -> dict[str, str]:
        """Return the parameters in a request object; raises an `OAuth2Error`."""
        if _is_unsigned(request):
            raise RequestNotSupportedError
        return await self._parameters(client, request)

    async def fetch(self, client: Client, request_uri: str) -> dict[str, str]:
        """Return the parameters of the object at a registered URI; raises an `OAuth2Error`."""
        if not _is_registered(client, request_uri):
            raise InvalidRequestUriError(
                Description.REQUEST_URI_NOT_REGISTERED,
                reason=f"the request_uri {shown_uri(request_uri)} is not registered",
            )
        request = await self._fetched.get(client.client_id, request_uri)
        try:
            if _is_unsigned(request):
                raise RequestUriNotSupportedError
            return await self._parameters(client, request)
        except (RequestUriNotSupportedError, InvalidRequestObjectError) as error:
            self._fetched.refuse(client.client_id, request_uri, error)
            raise

    def is_fetched_for(self, client: Client, request_uri: str) -> bool:
        """Return whether `fetch` would send a request to another host."""
        is_known = self._fetched.is_known(client.client_id, request_uri)
        return _is_registered(client, request_uri) and not is_known

    async def _parameters(self, client: Client, request: str) -> dict[str, str]:
        try:
            claims = await self._client_keys.verified(
                client,
                request,
                algorithm=client.registered_metadata.request_object_signing_alg,
                allowed=self._fapi.client_algorithms(client),
                typ=JWT_TYPE,
            )
            self._check(client, claims)
            return _as_parameters(claims)
        except BusyError:
            raise TemporarilyUnavailableError(retry_after=RETRY_AFTER, reason=BUSY) from None
        except (SignatureError, FetchError) as error:
            raise InvalidRequestObjectError(
                reason=f"the request object cannot be verified: {error}"
            ) from None

    def _check(self, client: Client, claims: dict[str, Any]) -> None:
        """Check the claims about the token itself, all of which are optional.

        Raises `SignatureError`.
        """
        for name in ("iss", "client_id"):
            if claims.get(name, client.identifier) != client.identifier:
                raise SignatureError(f"{name} is another client")
        if claims.get("sub") == client.identifier:
            raise SignatureError(
                "sub is the client_id, as in a client assertion (RFC 9101 section 10.8)"
            )
        if "aud" in claims:
            require_audience(claims, {self._issuer})
        require_now(claims, self._clock.now())
        if NOT_ALLOWED_IN_REQUEST_OBJECTS & claims.keys():
            raise SignatureError("it contains another request object")


def _as_parameters(claims: dict[str, Any]) -> dict[str, str]:
    """Return the claims as query parameters, with objects as JSON."""
    if not is_encodable(claims):
        raise SignatureError("its claims contain text that cannot be encoded")
    parameters = {}
    for name, value in claims.items():
        if name not in PARAMETERS or value is None:
            continue  # a claim about the token itself, or unknown
        text = _text_of(name, value)
        if not is_storable(text):
            raise SignatureError("a parameter contains control characters")
        if text or name != RESOURCE:
            parameters[name] = text
    return parameters


def _text_of(name: str, value: Any) -> str:
    if name == RESOURCE:
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(each, str) for each in values):
            raise SignatureError("resource is not a string or a list of strings")
        return joined_resources(values)
    return value if isinstance(value, str) else json.dumps(value)


def _is_unsigned(request: str) -> bool:
    try:
        return header_of(request).get("alg") == "none"
    except SignatureError:
        return False


def _is_registered(client: Client, request_uri: str) -> bool:
    registered = client.registered_metadata.request_uris
    return without_fragment(request_uri) in map(without_fragment, registered)
