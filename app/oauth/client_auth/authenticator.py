"""Authentication of the client of a request, by exactly one method (RFC 6749 section 2.3)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from app.clock import Clock
from app.models.clients.clients import Client
from app.oauth.client_auth.base import PUBLIC, ClientAuthMethod, Credentials
from app.oauth.client_auth.client_secret_basic import ClientSecretBasic, named_without_secret
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidClientError, InvalidRequestError
from app.oauth.requests import FormRequest
from app.observability import request_context
from app.services.clients.fapi import FAPI_AUTH_METHODS, FapiProfile
from app.services.operations.limits import Limits

ENDPOINT = "token"


class ClientLookup(Protocol):
    """The clients that can authenticate."""

    async def find(self, client_id: str, *, now: datetime) -> Client | None: ...

    async def mark_used(self, client_id: str) -> None: ...


class ClientAuthenticator:
    def __init__(
        self,
        *,
        client_repository: ClientLookup,
        methods: Sequence[ClientAuthMethod],
        fapi: FapiProfile,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._client_repository = client_repository
        self._fapi = fapi
        self._limits = limits
        self._clock = clock
        self._methods = [each for each in methods if not each.is_chosen_by_registration]
        self._by_registration = {
            each.name: each for each in methods if each.is_chosen_by_registration
        }

    async def authenticate(self, request: FormRequest) -> Client:
        """Return the client that a request authenticates as.

        Raises `InvalidClientError`, which is the same for unknown, disabled and wrong, and counts
        towards the rate limit. `UnavailableError` is raised if the credentials could not be
        checked, and does not count.
        """
        method, credentials = self._presented(request)
        request_context.name_client(credentials.client_id)
        client = await self._client_repository.find(credentials.client_id, now=self._clock.now())
        if client is not None and method.is_chosen_by_registration:
            method, credentials = self._registered(client, request) or (method, credentials)
        reason = await method.refusal(client, credentials)
        if client is None or reason is not None:
            raise await self._failed(credentials, reason)
        if client.disabled_at is not None:
            raise await self._failed(credentials, "the client is disabled")
        if not client.check_endpoint_auth_method(method.name, ENDPOINT):
            registered = client.token_endpoint_auth_method or "client_secret_basic"
            raise await self._failed(
                credentials, f"the client registered {registered} but used {method.name}"
            )
        if method.name not in FAPI_AUTH_METHODS and self._fapi.holds_for(client):
            raise await self._failed(
                credentials, f"the FAPI 2.0 profile does not allow {method.name}"
            )
        if client.registration_expires_at is not None:
            await self._client_repository.mark_used(client.client_id)
        return client

    def presented_client_id(self, request: FormRequest) -> str:
        """Return the client that a request claims to come from; raises as `authenticate` does."""
        return self._presented(request)[1].client_id

    async def has_credentials(self, request: FormRequest) -> bool:
        """Return whether a request presents credentials, valid or not.

        A certificate is one if the client that the request names registered such a method. Raises
        `InvalidClientError` for credentials that cannot be parsed.
        """
        if any(
            method.extract(request) is not None
            for method in self._methods
            if method.proves_identity
        ):
            return True
        client_id = self.named_client_id(request) if request.certificate is not None else None
        if client_id is None:
            return False
        client = await self._client_repository.find(client_id, now=self._clock.now())
        registered = self._registered(client, request) if client is not None else None
        return registered is not None and registered[0].proves_identity

    def named_client_id(self, request: FormRequest) -> str | None:
        """Return the client that a request without credentials names, or None.

        Raises `InvalidRequestError` if it names two.
        """
        naming = self._by_registration[PUBLIC]
        credentials = naming.extract(request)
        if credentials is None:
            return None
        _require_one_client(request, naming, credentials)
        return credentials.client_id

    async def _failed(self, credentials: Credentials, reason: str | None) -> InvalidClientError:
        await self._limits.count_token_error(credentials.client_id)
        return InvalidClientError(reason=f"client authentication failed: {reason}")

    def _registered(
        self, client: Client, request: FormRequest
    ) -> tuple[ClientAuthMethod, Credentials] | None:
        """Return the method that the client registered, if requests do not show it."""
        method = self._by_registration.get(client.token_endpoint_auth_method or "")
        if method is None:
            return None
        return method, method.extract(request) or Credentials(client.client_id, "")

    def _presented(self, request: FormRequest) -> tuple[ClientAuthMethod, Credentials]:
        """Return the method that the request shows, or else the one that only names the client."""
        presented = None
        for method in self._methods:
            credentials = method.extract(request)
            if credentials is None:
                continue
            if presented is not None:
                raise InvalidRequestError(Description.SEVERAL_AUTHENTICATION_METHODS)
            presented = method, credentials
        if presented is None:
            naming = self._by_registration[PUBLIC]
            credentials = naming.extract(request)
            presented = (naming, credentials) if credentials is not None else None
        if presented is None:
            raise InvalidClientError(reason="the request has no client authentication")
        _require_one_client(request, *presented)
        return presented


def _require_one_client(
    request: FormRequest, method: ClientAuthMethod, credentials: Credentials
) -> None:
    """Check that everything in a request names the same client.

    A client_id in the body and a Basic header without a secret identify a client without
    authenticating it. Raises `InvalidRequestError`.
    """
    client_id = request.form.get("client_id")
    if client_id is not None and client_id != credentials.client_id:
        raise InvalidRequestError(Description.CLIENT_ID_OF_ANOTHER_CLIENT)
    if request.authorization is None or isinstance(method, ClientSecretBasic):
        return
    client_id = named_without_secret(request)
    if client_id is not None and client_id != credentials.client_id:
        raise InvalidRequestError(Description.HEADER_OF_ANOTHER_CLIENT)
