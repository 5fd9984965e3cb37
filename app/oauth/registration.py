"""Client metadata (RFC 7591 section 2): what a client may register for."""

from app.errors import InvalidInputError
from app.oauth.grants import GRANTS
from app.schemas.clients import ClientCreate, ClientCreated
from app.services.clients import ClientService

# The authorization code grant is part of every client's default and is redeemed once the
# authorization endpoint exists.
GRANT_TYPES = frozenset({grant.grant_type for grant in GRANTS} | {"authorization_code"})
NOT_FOR_PUBLIC_CLIENTS = frozenset({"client_credentials", "password"})


class ClientRegistration:
    def __init__(self, clients: ClientService) -> None:
        self._clients = clients

    async def create(self, body: ClientCreate) -> ClientCreated:
        """Checks what the standard says, then stores; raises `InvalidInputError`."""
        asked = set(body.grant_types)
        if not asked <= GRANT_TYPES:
            raise InvalidInputError(
                "A grant type is not supported.", error="invalid_client_metadata"
            )
        if body.token_endpoint_auth_method == "none" and asked & NOT_FOR_PUBLIC_CLIENTS:
            raise InvalidInputError(
                "A public client cannot use the password and client_credentials grants.",
                error="invalid_client_metadata",
            )
        return await self._clients.create(body)
