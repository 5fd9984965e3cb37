"""The sources of a request: its parameters, a pushed request (RFC 9126), or a request object.

Parameters in a request object take precedence over those outside it (OpenID Connect Core section
6.1). For a client that registered `require_signed_request_object`, only the object counts (RFC
9101).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.clock import Clock
from app.details import Detail
from app.models.clients.clients import Client
from app.oauth.authorization.requests import (
    RefusedRequestError,
    RequestParser,
    UntrustedRequestError,
)
from app.oauth.authorization.sizes import check_sizes
from app.oauth.client_auth.base import UNKNOWN_CLIENT
from app.oauth.client_documents.documents import ClientDocuments
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidRequestError, InvalidRequestObjectError, OAuth2Error
from app.oauth.request_objects import RequestObjects
from app.observability import request_context
from app.repositories.clients.clients import ClientRepository
from app.repositories.oauth.authorization_requests import AuthorizationRequestRepository
from app.security.document_urls import is_of_document, stored_client_id
from app.security.tokens import TokenKind, digest_of
from app.services.clients.fapi import FapiProfile
from app.services.operations.limits import Limits

PUSHED = "pushed"
DOCUMENT = "client_document"
"""The member of a stored request that carries the document of its client, if it is not stored."""
PUSHED_TTL = timedelta(seconds=90)
URN = "urn:ietf:params:oauth:request_uri:"


@dataclass(frozen=True, slots=True)
class Source:
    """The effective parameters of a request, and when it arrived.

    `pushed` is the secret name of the pushed request, if there is one.
    """

    client: Client
    parameters: Mapping[str, str]
    began_at: datetime
    pushed: str | None = None

    @property
    def digest(self) -> bytes | None:
        """The digest of the pushed request, if there is one."""
        return digest_of(self.pushed) if self.pushed is not None else None


def pushed_name(request_uri: str | None) -> str | None:
    """Return the secret name of a pushed request, or None for any other `request_uri`."""
    if request_uri is None or not request_uri.startswith(URN):
        return None
    return request_uri.removeprefix(URN)


class RequestSources:
    def __init__(
        self,
        *,
        client_repository: ClientRepository,
        client_documents: ClientDocuments,
        authorization_request_repository: AuthorizationRequestRepository,
        request_objects: RequestObjects,
        request_parser: RequestParser,
        fapi: FapiProfile,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._fapi = fapi
        self._limits = limits
        self._client_repository = client_repository
        self._client_documents = client_documents
        self._authorization_request_repository = authorization_request_repository
        self._request_objects = request_objects
        self._request_parser = request_parser
        self._clock = clock

    async def client(
        self, client_id: str | None, content: Mapping[str, Any] | None = None
    ) -> Client:
        """Return a client that is enabled; raises `UntrustedRequestError`.

        `content` is what a stored request carries of the client's document.
        """
        client = None
        if client_id is not None:
            request_context.name_client(client_id)
            if is_of_document(client_id):
                client = await self._client_documents.carried(client_id, content)
            else:
                client = await self._client_repository.find(client_id, now=self._clock.now())
        if client is None or client.is_disabled:
            raise UntrustedRequestError(
                Detail.CLIENT_NOT_REGISTERED,
                reason=_why_unknown(client_id, client),
            )
        return client

    async def read(self, parameters: Mapping[str, str], *, is_anonymous: bool) -> Source:
        """Return the parameters of a request, from whichever source it uses.

        Raises `UntrustedRequestError` or `RefusedRequestError`, and `TooManyRequestsError` if an
        anonymous browser causes more fetches than its network is allowed.
        """
        client_id, request_uri = parameters.get("client_id"), parameters.get("request_uri")
        if (name := pushed_name(request_uri)) is not None:
            return await self._pushed(client_id, name)
        if client_id is not None and is_of_document(client_id):
            client = await self._client_of_document(client_id, parameters)
        else:
            client = await self.client(client_id)
        metadata = client.registered_metadata
        if metadata.require_pushed_authorization_requests or self._fapi.holds_for(client):
            raise self._refusal(
                client,
                parameters,
                InvalidRequestError(Description.PUSHED_REQUEST_REQUIRED),
            )
        is_remote = request_uri is not None and self._request_objects.is_fetched_for(
            client, request_uri
        )
        if is_anonymous and is_remote:
            await self._limits.count_authorization_request()
        return Source(client, await self.resolve(client, parameters), self._clock.now())

    async def resolve(self, client: Client, parameters: Mapping[str, str]) -> Mapping[str, str]:
        """Return the parameters, merged with those of the request object if there is one."""
        request, request_uri = parameters.get("request"), parameters.get("request_uri")
        only_signed = client.registered_metadata.require_signed_request_object
        try:
            check_sizes(parameters)
            if request is not None and request_uri is not None:
                raise InvalidRequestError(Description.REQUEST_AND_REQUEST_URI)
            if request is not None:
                claims = await self._request_objects.read(client, request)
            elif request_uri is not None:
                claims = await self._request_objects.fetch(client, request_uri)
            elif only_signed:
                raise InvalidRequestError(Description.REQUEST_OBJECT_REQUIRED)
            else:
                return parameters
        except InvalidRequestObjectError as error:  # verification is costly, as for an assertion
            await self._limits.count_token_error(client.client_id)
            raise self._refusal(client, parameters, error) from None
        except OAuth2Error as error:
            raise self._refusal(client, parameters, error) from None
        outside = {} if only_signed else {**parameters}
        for name in ("request", "request_uri"):
            outside.pop(name, None)
        return {**outside, **claims, "client_id": client.identifier}

    async def _client_of_document(self, url: str, parameters: Mapping[str, str]) -> Client:
        """Return the client of a URL, whose document may be fetched for this request."""
        request_context.name_client(url)
        await self._client_documents.policy.check_parameters(parameters)
        return await self._client_documents.resolve(url)

    async def _pushed(self, client_id: str | None, name: str) -> Source:
        """Return a pushed request that has not been answered yet.

        `expires_in` is enforced when the request is first opened. The request is consumed when it
        is answered, so that the user can reload the page and a link scanner does not consume it
        (section 4).
        """
        stored, now = None, self._clock.now()
        if TokenKind.REQUEST.matches(name):
            stored = await self._authorization_request_repository.find(digest_of(name), now=now)
        parameters = json.loads(stored.parameters) if stored is not None else {}
        carried = parameters.pop(DOCUMENT, None) if stored is not None else None
        if stored is not None and stored.client_id != stored_client_id(client_id or ""):
            carried = None
        client = await self.client(client_id, carried)
        if stored is None or stored.kind != PUSHED or stored.created_at + PUSHED_TTL <= now:
            raise _not_pushed(client, "the pushed request is unknown or has expired")
        if stored.client_id != client.client_id:
            raise _not_pushed(client, "the pushed request belongs to another client")
        if stored.used_at is not None:
            raise _not_pushed(client, "the pushed request was used before")
        return Source(client, parameters, now, pushed=name)

    def _refusal(
        self, client: Client, parameters: Mapping[str, str], error: OAuth2Error
    ) -> RefusedRequestError:
        """Return an error to send to the redirect URI that is given outside the request object.

        Raises `UntrustedRequestError` if there is none to send it to.
        """
        target = self._request_parser.target(client, parameters)
        return RefusedRequestError(error, client=client, target=target)


def _not_pushed(client: Client, reason: str) -> UntrustedRequestError:
    return UntrustedRequestError(
        Detail.PUSHED_REQUEST_INVALID,
        reason=reason,
        came_from=(client, ""),
    )


def _why_unknown(client_id: str | None, client: Client | None) -> str:
    if client_id is None:
        return "the request has no client_id"
    return UNKNOWN_CLIENT if client is None else "the client is disabled"
