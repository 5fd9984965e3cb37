"""Clients as administrators create and change them."""

import json
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from app.clock import Clock
from app.details import Detail
from app.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    StaleVersionError,
    require_version,
)
from app.models.accounts.groups import MANUAL
from app.models.clients.clients import Client
from app.models.clients.trust import Trust
from app.models.operations.audit_outbox import NewEvent
from app.repositories.clients.clients import ClientRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.clients import ClientCreate
from app.security.tokens import TokenKind, digest_of, new_client_id, new_token
from app.services.clients.clients import NewClient
from app.services.clients.secrets import require_good_secret
from app.services.clients.stated_clients import client_from, shown_client
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority

CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}")
FORM_OF_SUBJECTS = re.compile(r"[0-9A-Fa-f]{32}|[A-Za-z0-9_-]{43}")
"""Forms of `sub`: a client must not be mistaken for a user (RFC 9068 section 5)."""
CHANGED_COLUMNS = (
    "client_name", "token_endpoint_auth_method", "grant_types", "response_types", "scope",
    "redirect_uris", "metadata", "sector_identifier", "owner",
)  # fmt: skip
NO_SECRET: dict[str, Any] = {
    "secret_digest": None,
    "secret_expires_at": None,
    "previous_secret_digest": None,
    "previous_secret_expires_at": None,
}


class CheckedMetadata(NamedTuple):
    """Metadata that the rules of the standards allow, and what follows from it."""

    body: ClientCreate
    has_secret: bool
    sector_identifier: str | None


class ClientAdministration:
    """Changes hold from the client's next request on. The rules of the standards are checked by
    `AdministeredClients`, which calls this."""

    def __init__(
        self, *, client_repository: ClientRepository, audit: AuditLog, clock: Clock
    ) -> None:
        self._client_repository = client_repository
        self._audit = audit
        self._clock = clock

    async def create(
        self,
        checked: CheckedMetadata,
        *,
        client_id: str | None,
        secret: str | None,
        owner: str = MANUAL,
        authority: Authority,
    ) -> NewClient:
        """Store a client under a chosen or a new id, with a chosen or a new secret.

        Raise `ConflictError` for an id that is taken, even by a client that was deleted.
        """
        authority.require(AdminScope.CLIENTS_WRITE)
        if client_id is not None:
            require_good_id(client_id)
        if secret is not None:
            require_secret(secret, has_secret=checked.has_secret)
        issued = (secret or new_token(TokenKind.CLIENT_SECRET)) if checked.has_secret else None
        client = client_from(
            checked.body,
            client_name=checked.body.client_name,
            scope=checked.body.scope,
            now=self._clock.now(),
            client_id=client_id or new_client_id(),
            secret_digest=digest_of(issued) if issued is not None else None,
            sector_identifier=checked.sector_identifier,
            owner=owner,
        )
        event = self._audit.event(
            ServerEvent.CLIENT_CREATED, client_id=client.client_id, after=shown_client(client)
        )
        if await self._client_repository.add(client, event=event) is not None:
            raise ConflictError(Detail.CLIENT_ID_TAKEN, field="client_id")
        return NewClient(client, issued, None)

    async def change(
        self,
        before: Client,
        checked: CheckedMetadata,
        *,
        secret: str | None = None,
        owner: str | None = None,
        authority: Authority,
    ) -> NewClient:
        """Replace the metadata of a client; its trust, admin scopes and policies remain.

        A client that now needs a secret gets one, or the chosen `secret`. Raise `StaleVersionError`
        if the client was changed since `before` was read.
        """
        authority.require(AdminScope.CLIENTS_WRITE)
        authority.require_may_change(before)
        stated = client_from(
            checked.body,
            client_name=checked.body.client_name,
            scope=checked.body.scope,
            now=self._clock.now(),
            sector_identifier=checked.sector_identifier,
            owner=owner or before.owner,
        )
        after = before._replace(**{name: getattr(stated, name) for name in CHANGED_COLUMNS})
        if after.client_name != before.client_name:
            after = after._replace(unique_name=None)
        issued = None
        if not checked.has_secret:
            after = after._replace(**NO_SECRET)
        elif before.secret_digest is None:
            issued = secret or new_token(TokenKind.CLIENT_SECRET)
            after = after._replace(secret_digest=digest_of(issued))
        if after == before:
            return NewClient(before, None, None)
        event = self._audit.event(
            ServerEvent.CLIENT_CHANGED,
            client_id=before.client_id,
            before=shown_client(before),
            after=shown_client(after),
        )
        if not await self._client_repository.change(before, after, event=event):
            raise StaleVersionError
        return NewClient(after._replace(version=before.version + 1), issued, None)

    async def set_disabled(
        self,
        client_id: str,
        *,
        disabled: bool,
        version: int | None = None,
        authority: Authority,
    ) -> Client:
        """Disable or enable a client.

        A disabled client cannot authenticate, and its tokens are invalid until it is enabled again.
        """
        before = await self._get(client_id, version, authority)
        if before.is_disabled is disabled:
            return before
        after = before._replace(disabled_at=self._clock.now() if disabled else None)
        action = ServerEvent.CLIENT_DISABLED if disabled else ServerEvent.CLIENT_ENABLED
        return await self._store(before, after, self._audit.event(action, client_id=client_id))

    async def set_trust(
        self, client_id: str, trust: Trust, *, version: int | None = None, authority: Authority
    ) -> Client:
        """Set the trust in a client.

        `verified` is shown on the consent page; `first_party` needs no consent.
        """
        before = await self._get(client_id, version, authority)
        after = before._replace(trust=trust)
        if after == before:
            return before
        event = self._audit.event(
            ServerEvent.CLIENT_TRUSTED,
            client_id=client_id,
            trust=trust,
            before=before.trust,
            after=trust,
        )
        return await self._store(before, after, event)

    async def delete(
        self, client_id: str, *, version: int | None = None, authority: Authority
    ) -> None:
        """Delete a client; its tokens become invalid, and its id stays taken."""
        before = await self._get(client_id, version, authority)
        event = self._audit.event(
            ServerEvent.CLIENT_DELETED, client_id=client_id, before=shown_client(before)
        )
        await self._client_repository.delete(client_id, now=self._clock.now(), event=event)

    async def set_admin_scopes(
        self,
        client_id: str,
        scopes: Collection[AdminScope],
        *,
        version: int | None = None,
        authority: Authority,
    ) -> Client:
        """Set the scopes of the admin API that a client may have. Needs a full administrator.

        A scope opens nothing with tokens from before it was set.
        """
        authority.require_full()
        before = await self._get(client_id, version, authority)
        since = {name: before.listed_admin_scopes.get(name, self._clock.now()) for name in scopes}
        after = before._replace(
            admin_scopes=" ".join(sorted(since)), admin_scopes_since=_text_of(since)
        )
        if after == before:
            return before
        event = self._audit.event(
            ServerEvent.CLIENT_ADMIN_SCOPES_CHANGED,
            client_id=client_id,
            before=before.admin_scopes.split(),
            after=after.admin_scopes.split(),
        )
        return await self._store(before, after, event)

    async def _get(self, client_id: str, version: int | None, authority: Authority) -> Client:
        """Return a client that the caller may change, in the version that they state."""
        authority.require(AdminScope.CLIENTS_WRITE)
        client = await self._client_repository.find_registered(client_id, now=self._clock.now())
        if client is None:
            raise NotFoundError(Detail.CLIENT_UNKNOWN)
        authority.require_may_change(client)
        require_version(version, current=client.version)
        return client

    async def _store(self, before: Client, after: Client, event: NewEvent) -> Client:
        if not await self._client_repository.change(before, after, event=event):
            raise StaleVersionError
        return after._replace(version=before.version + 1)


def _text_of(since: Mapping[AdminScope, datetime]) -> str | None:
    texts = {name.value: since[name].isoformat() for name in sorted(since)}
    return json.dumps(texts) if texts else None


def require_good_id(client_id: str) -> None:
    """Raise `InvalidInputError` for an id that no client can have."""
    if not CLIENT_ID.fullmatch(client_id) or FORM_OF_SUBJECTS.fullmatch(client_id):
        raise InvalidInputError(Detail.CLIENT_ID_INVALID, field="client_id")


def require_secret(secret: str, *, has_secret: bool) -> None:
    """Raise `InvalidInputError` for a chosen secret that the client cannot have."""
    if not has_secret:
        raise InvalidInputError(Detail.CLIENT_HAS_NO_SECRET, field="client_secret")
    require_good_secret(secret)
