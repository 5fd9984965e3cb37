"""Clients: how one is stored, and what an operator may do to it."""

import json
from collections.abc import Sequence

from app.clock import Clock
from app.errors import ConflictError, InvalidInputError, NotFoundError
from app.models.clients import Client
from app.repositories.clients import ClientRepository
from app.schemas.clients import ClientCreate, ClientCreated
from app.security.tokens import TokenKind, digest_of, new_client_id, new_token


class ClientService:
    def __init__(self, clients: ClientRepository, clock: Clock) -> None:
        self._clients = clients
        self._clock = clock

    async def create(self, body: ClientCreate) -> ClientCreated:
        """Stores a client; its secret is shown now and never again.

        Raises `ConflictError` for a taken name.
        """
        secret = new_token(TokenKind.CLIENT_SECRET) if body.has_secret else None
        client = Client(
            client_id=new_client_id(),
            client_name=body.client_name,
            unique_name=body.client_name,
            secret_digest=digest_of(secret) if secret is not None else None,
            token_endpoint_auth_method=body.token_endpoint_auth_method,
            grant_types=" ".join(body.grant_types),
            response_types=" ".join(body.response_types),
            scope=body.scope,
            redirect_uris=" ".join(body.all_redirect_uris),
            metadata=json.dumps(body.further_metadata()),
            disabled_at=None,
            created_at=self._clock.now(),
            trust="none",
            sector_identifier=None,
            registration_token_digest=None,
            registration_expires_at=None,
        )
        if not await self._clients.add(client):
            raise ConflictError("The client name is taken.", error="client_name_taken")
        return _created(client, secret)

    async def find(self, client_id: str) -> Client | None:
        return await self._clients.find(client_id)

    async def get(self, client_id: str) -> Client:
        """Raises `NotFoundError`."""
        client = await self._clients.find(client_id)
        if client is None:
            raise NotFoundError("There is no client of that identifier.")
        return client

    async def list_page(self, *, after: str = "") -> Sequence[Client]:
        return await self._clients.list_page(after=after)

    async def rotate_secret(self, client_id: str) -> str:
        """Gives a new secret; the old one is worth nothing from now on."""
        client = await self.get(client_id)
        if client.secret_digest is None:
            raise InvalidInputError("This client has no secret.")
        secret = new_token(TokenKind.CLIENT_SECRET)
        await self._clients.set_secret_digest(client_id, digest_of(secret))
        return secret

    async def set_disabled(self, client_id: str, *, disabled: bool) -> Client:
        """A disabled client cannot authenticate, and its tokens are worth nothing meanwhile."""
        await self.get(client_id)
        await self._clients.set_disabled(client_id, self._clock.now() if disabled else None)
        return await self.get(client_id)


def _created(client: Client, secret: str | None) -> ClientCreated:
    return ClientCreated(
        client_id=client.client_id,
        client_secret=secret,
        client_id_issued_at=int(client.created_at.timestamp()),
        client_secret_expires_at=0 if secret is not None else None,
        client_name=client.client_name,
        redirect_uris=client.redirect_uri_list,
        grant_types=client.grant_types.split(),
        response_types=client.response_types.split(),
        scope=client.scope,
        token_endpoint_auth_method=client.token_endpoint_auth_method,
        **client.further_metadata,
    )
