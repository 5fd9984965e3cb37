"""Authenticates the client of a request by exactly one method (RFC 6749 section 2.3)."""

from collections.abc import Sequence

from app.models.clients import Client
from app.oauth.client_auth.base import ClientAuthMethod, Credentials
from app.oauth.errors import InvalidClientError, InvalidRequestError
from app.oauth.requests import FormRequest
from app.observability.logging import logger
from app.repositories.clients import ClientRepository
from app.services.limits import Limits

log = logger(__name__)

ENDPOINT = "token"


class ClientAuthenticator:
    def __init__(
        self, clients: ClientRepository, methods: Sequence[ClientAuthMethod], limits: Limits
    ) -> None:
        self._clients = clients
        self._limits = limits
        self._methods = sorted(methods, key=lambda method: not method.proves_identity)

    async def authenticate(self, request: FormRequest) -> Client:
        """Raises `InvalidClientError`, the same for unknown, disabled and wrong, and counts it."""
        method, credentials = self._presented(request)
        client = await self._clients.find(credentials.client_id)
        is_right = await method.verify(client, credentials)
        if client is None or not is_right:
            log.info("client authentication failed: unknown client or wrong secret")
            await self._limits.count_token_error(credentials.client_id)
            raise InvalidClientError
        if client.is_disabled or not client.check_endpoint_auth_method(method.name, ENDPOINT):
            log.info(
                "client authentication failed: %s is disabled or registered another method",
                client.client_id,
            )
            await self._limits.count_token_error(credentials.client_id)
            raise InvalidClientError
        if client.registration_expires_at is not None:
            await self._clients.mark_used(client.client_id)
        return client

    def _presented(self, request: FormRequest) -> tuple[ClientAuthMethod, Credentials]:
        found = None
        for method in self._methods:
            if found is not None and not method.proves_identity:
                continue
            credentials = method.extract(request)
            if credentials is None:
                continue
            if found is not None:
                raise InvalidRequestError("There is more than one client authentication method.")
            found = method, credentials
        if found is None:
            raise InvalidClientError
        named = request.form.get("client_id")
        if named is not None and named != found[1].client_id:
            raise InvalidRequestError("The client_id in the body belongs to another client.")
        return found
