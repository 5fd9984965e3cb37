"""Clients: how they are stored, and what an operator or the client itself can do to them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from app.clock import Clock
from app.details import Detail
from app.errors import ConflictError, NotFoundError
from app.models.clients.clients import Client
from app.models.operations.audit_outbox import NewEvent
from app.repositories.clients.clients import ClientRepository
from app.schemas.clients import ClientCreate, ClientCreated
from app.schemas.registration import ClientRegister
from app.security.comparison import digests_match
from app.security.tokens import TokenKind, digest_of, new_token
from app.services.clients.fapi import FapiProfile
from app.services.clients.stated_clients import client_from
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent

UNUSED_FOR = timedelta(days=30)
"""How long a client that registered itself without an invitation may stay unused."""
DEFAULT_AUTH_METHOD = "client_secret_basic"
IN_FORCE = {"id_token_signed_response_alg": "RS256"}
"""Defaults of unstated metadata (OpenID Connect Dynamic Client Registration section 2)."""
UNCHANGED_BY_AN_UPDATE = (
    "client_id", "created_at", "disabled_at",
    "registration_token_digest", "registration_expires_at",
    "policies", "default_resource", "owner", "version",
)  # fmt: skip
SECRET_COLUMNS = ("secret_expires_at", "previous_secret_digest", "previous_secret_expires_at")
MAY_CHANGE_UNSEEN = frozenset({"jwks", "jwks_uri", "contacts", "software_version"})
"""Metadata that an administrator does not review before trusting a client."""


class NewClient(NamedTuple):
    """A client with its secrets in plaintext, which are shown once."""

    client: Client
    secret: str | None
    registration_token: str | None


class ClientService:
    """Clients of the server. `requires_pkce` says that PKCE is required of every client."""

    def __init__(
        self,
        *,
        client_repository: ClientRepository,
        audit: AuditLog,
        fapi: FapiProfile,
        clock: Clock,
        requires_pkce: bool,
    ) -> None:
        self._client_repository = client_repository
        self._audit = audit
        self._fapi = fapi
        self._clock = clock
        self._requires_pkce = requires_pkce

    async def create(
        self, body: ClientCreate, *, has_secret: bool, sector_identifier: str | None
    ) -> ClientCreated:
        """Store a client under a unique name; raise `ConflictError` if the name is taken."""
        secret = new_token(TokenKind.CLIENT_SECRET) if has_secret else None
        client = client_from(
            body,
            now=self._clock.now(),
            client_name=body.client_name,
            scope=body.scope,
            unique_name=body.client_name,
            secret_digest=digest_of(secret) if secret is not None else None,
            sector_identifier=sector_identifier,
        )
        event = self._audit.event(ServerEvent.CLIENT_CREATED, client_id=client.client_id)
        if await self._client_repository.add(client, event=event) is not None:
            raise ConflictError(Detail.CLIENT_NAME_TAKEN)
        return ClientCreated(**self.information(client), client_secret=secret)

    async def register(
        self,
        body: ClientRegister,
        *,
        has_secret: bool,
        scope: str,
        sector_identifier: str | None,
        expires: bool,
    ) -> NewClient:
        """Store a client that registers itself, with a registration access token (RFC 7592)."""
        secret = new_token(TokenKind.CLIENT_SECRET) if has_secret else None
        registration_token = new_token(TokenKind.REGISTRATION_TOKEN)
        client = client_from(
            body,
            now=self._clock.now(),
            client_name=body.client_name or "",
            scope=scope,
            secret_digest=digest_of(secret) if secret is not None else None,
            sector_identifier=sector_identifier,
            registration_token_digest=digest_of(registration_token),
            registration_expires_at=self._clock.now() + UNUSED_FOR if expires else None,
        )
        event = self._audit.event(ServerEvent.CLIENT_REGISTERED, client_id=client.client_id)
        if await self._client_repository.add(client, event=event) is not None:
            raise ConflictError(Detail.CLIENT_NOT_STORED)
        return NewClient(client, secret, registration_token)

    async def update(
        self,
        client: Client,
        body: ClientRegister,
        *,
        has_secret: bool,
        scope: str,
        sector_identifier: str | None,
    ) -> NewClient | None:
        """Replace the metadata; return None if the client was changed at the same time.

        A client that now needs a secret gets one. An administrator's trust, the admin scopes and a
        waived consent end if any value that was reviewed for them changes, the admin scopes also
        with other keys.
        """
        secret, digest = None, client.secret_digest
        if not has_secret:
            digest = None
        elif digest is None:
            secret = new_token(TokenKind.CLIENT_SECRET)
            digest = digest_of(secret)
        changed = client_from(
            body,
            now=self._clock.now(),
            client_name=body.client_name or "",
            scope=scope,
            sector_identifier=sector_identifier,
        )._replace(
            **{name: getattr(client, name) for name in UNCHANGED_BY_AN_UPDATE},
            secret_digest=digest,
        )
        if digest is not None and secret is None:
            changed = changed._replace(**{name: getattr(client, name) for name in SECRET_COLUMNS})
        if self._seen(changed) == self._seen(client):
            changed = changed._replace(trust=client.trust)
            if _keys_of(changed) == _keys_of(client):
                changed = changed._replace(
                    admin_scopes=client.admin_scopes, admin_scopes_since=client.admin_scopes_since
                )
        else:
            changed = changed._replace(policies=_without_waived_consent(client))
        event = self._own_act(ServerEvent.CLIENT_CHANGED, client)
        if not await self._client_repository.change(client, changed, event=event):
            return None
        return NewClient(changed, secret, None)

    async def delete(self, client: Client) -> None:
        event = self._own_act(ServerEvent.CLIENT_DELETED, client)
        await self._client_repository.delete(client.client_id, now=self._clock.now(), event=event)

    def information(self, client: Client) -> dict[str, Any]:
        """Return the metadata of a client in force, whether or not the client stated it."""
        return {
            "client_id": client.client_id,
            "client_id_issued_at": int(client.created_at.timestamp()),
            "client_secret_expires_at": _secret_expires_at(client),
            "client_name": client.client_name or None,
            "redirect_uris": client.redirect_uri_list,
            "grant_types": client.grant_types.split(),
            "response_types": client.response_types.split(),
            "scope": client.scope,
            "token_endpoint_auth_method": client.token_endpoint_auth_method or DEFAULT_AUTH_METHOD,
            "application_type": application_type_of(client.redirect_uri_list),
            "subject_type": "pairwise" if client.sector_identifier is not None else "public",
            **IN_FORCE,
            **client.metadata_members,
            "require_pkce": client.requires_pkce or self._requires_pkce,
            **self._fapi.metadata_in_force(client),
        }

    async def find(self, client_id: str) -> Client | None:
        return await self._client_repository.find(client_id, now=self._clock.now())

    async def find_by_registration_token(self, client_id: str, token: str) -> Client | None:
        """Return an enabled client if the registration access token is its own, or None."""
        client = await self._client_repository.find(client_id, now=self._clock.now())
        expected = client.registration_token_digest if client is not None else None
        is_right = digests_match(expected, digest_of(token))
        return client if is_right and client is not None and not client.is_disabled else None

    def is_secret_of(self, client: Client, secret: str) -> bool:
        """Return whether a secret is the client's, or the one it replaces and still valid."""
        digest = digest_of(secret)
        if digests_match(client.secret_digest, digest):
            return True
        is_valid = client.has_valid_previous_secret(self._clock.now())
        return is_valid and digests_match(client.previous_secret_digest, digest)

    async def get(self, client_id: str) -> Client:
        """Return the client; raise `NotFoundError` if it is unknown."""
        client = await self._client_repository.find(client_id, now=self._clock.now())
        if client is None:
            raise NotFoundError(Detail.CLIENT_UNKNOWN)
        return client

    async def list_page(self, *, after: str = "", limit: int = 100) -> Sequence[Client]:
        """Return a page of clients, ordered by id."""
        return await self._client_repository.list_page(after=after, limit=limit)

    def _own_act(self, action: ServerEvent, client: Client) -> NewEvent:
        """Return the event of a change by the client itself.

        The client holds its registration access token (RFC 7592).
        """
        client_id = client.client_id
        return self._audit.event(action, client_id=client_id, actor=f"client:{client_id}")

    def _seen(self, client: Client) -> dict[str, Any]:
        """Return the values in force that an administrator reviews before trusting a client."""
        values = self.information(client)
        return {name: value for name, value in values.items() if name not in MAY_CHANGE_UNSEEN}


def _keys_of(client: Client) -> list[Any]:
    return [client.metadata_members.get(name) for name in ("jwks", "jwks_uri")]


def _without_waived_consent(client: Client) -> str | None:
    """Return the policies of a client whose users are asked for consent again."""
    policies = client.policies_in_force
    if policies is None or policies.consent != "never":
        return client.policies
    return policies.model_copy(update={"consent": None}).stored()


def _secret_expires_at(client: Client) -> int | None:
    """Return `client_secret_expires_at` (RFC 7591 section 3.2.1): 0 if it does not expire."""
    if client.secret_digest is None:
        return None
    expires_at = client.secret_expires_at
    return int(expires_at.timestamp()) if expires_at is not None else 0


def application_type_of(redirect_uris: Sequence[str]) -> str:
    """Return the application_type in force for a client that did not state one.

    It is `native` as soon as one redirect URI is not https.
    """
    return "web" if all(uri.lower().startswith("https:") for uri in redirect_uris) else "native"
