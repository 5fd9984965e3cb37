"""Client metadata (RFC 7591 section 2): what a client may register for."""

from app.errors import InvalidInputError
from app.oauth.client_auth import CLIENT_AUTH_METHODS
from app.oauth.grants import GRANTS
from app.schemas.clients import ClientCreate, ClientCreated
from app.services.clients import ClientService

GRANT_TYPES = frozenset(grant.grant_type for grant in GRANTS)
NOT_FOR_PUBLIC_CLIENTS = frozenset(
    grant.grant_type for grant in GRANTS if not grant.is_for_public_clients
)
AUTH_METHODS = {method.name: method for method in CLIENT_AUTH_METHODS}


class ClientRegistration:
    def __init__(self, clients: ClientService) -> None:
        self._clients = clients

    async def create(self, body: ClientCreate) -> ClientCreated:
        """Checks what the standard says, then stores; raises `InvalidInputError`."""
        asked, method = set(body.grant_types), body.token_endpoint_auth_method
        if not asked <= GRANT_TYPES:
            raise _refused("A grant type is not supported.")
        if method is not None and method not in AUTH_METHODS:
            raise _refused("The token_endpoint_auth_method is not supported.")
        if body.is_public and asked & NOT_FOR_PUBLIC_CLIENTS:
            raise _refused("A public client cannot use one of the grant types.")
        return await self._clients.create(body)


def _refused(detail: str) -> InvalidInputError:
    return InvalidInputError(detail, error="invalid_client_metadata")
