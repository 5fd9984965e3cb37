"""Clients with a document: found, fetched and kept, so that each endpoint gets a `Client`.

Only `/authorize` and `/par` fetch. Until a user has signed in, a document is in the memory of this
process and in the pending request; then it is stored, and every other endpoint reads it there, even
when it is stale.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from cachetools import LRUCache

from app.clock import Clock
from app.concurrency.single_flight import SingleFlight
from app.details import Detail
from app.errors import PosternError
from app.models.clients.client_documents import ClientDocument, DocumentGrant
from app.models.clients.clients import Client
from app.oauth.client_documents.changes import successor
from app.oauth.client_documents.errors import (
    DocumentBusyError,
    DocumentError,
    UnwantedDocumentError,
)
from app.oauth.client_documents.fetching import DocumentFetcher
from app.oauth.client_documents.policy import DocumentPolicy
from app.oauth.redirect_uris import without_loopback_port
from app.observability import request_context
from app.observability.logging import logger
from app.repositories.clients.client_documents import ClientDocumentRepository
from app.repositories.clients.clients import ClientRepository
from app.security.document_urls import stored_client_id
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent

log = logger(__name__)

USABLE_FOR = timedelta(days=1)
"""How long a stale document is used if a newer one cannot be fetched."""
USE_NOTED_EVERY = timedelta(hours=1)
REMEMBERED = 200
"""Documents in memory, each of which may be as large as the setting allows."""
JOINED_AT_MOST = 5
"""How many fetches of other networks a request waits for that are refused to them."""


class ClientDocuments:
    """`grant_lifetime` is how long a token family lasts at most."""

    def __init__(
        self,
        *,
        client_repository: ClientRepository,
        client_document_repository: ClientDocumentRepository,
        fetcher: DocumentFetcher,
        policy: DocumentPolicy,
        audit: AuditLog,
        clock: Clock,
        grant_lifetime: timedelta,
    ) -> None:
        self._client_repository = client_repository
        self._client_document_repository = client_document_repository
        self._fetcher = fetcher
        self.policy = policy
        self._audit = audit
        self._clock = clock
        self._grant_lifetime = grant_lifetime
        self._recent: LRUCache[str, ClientDocument] = LRUCache(REMEMBERED)
        self._ask = SingleFlight(self._fetch, is_outbound=True)

    async def resolve(self, url: str) -> Client:
        """Return the client of a URL, whose document is fetched unless it is fresh.

        Raises `DocumentError`, or `DocumentBusyError` if it cannot be fetched now.
        """
        host = self.policy.check_url(url)
        await self._require_unblocked(host)
        known = await self._known(url)
        now = self._clock.now()
        if known is not None and known.fetched_at <= now < known.fresh_until:
            return known.client
        try:
            return (await self._fetched(url)).client
        except (DocumentError, DocumentBusyError) as error:
            if known is None or now >= known.fresh_until + USABLE_FOR:
                raise
            log.warning(
                "the document of client %s is stale, and is used since no newer one could be"
                " fetched: %s",
                known.client_id,
                _reason_of(error),
            )
            return known.client

    async def carried(self, client_id: str, content: Mapping[str, Any] | None) -> Client | None:
        """Return the client of a pending request, by the stored document or by the `content` that
        the request carries; None if its host is blocked."""
        stored = await self._client_repository.find_document(client_id)
        if stored is not None:
            return stored.client
        if content is None:
            return None
        document = ClientDocument.from_json(content)
        if await self._client_document_repository.is_blocked(document.host):
            return None
        self._recent.setdefault(document.client_id, document)
        return document.client

    def content_of(self, client: Client) -> dict[str, Any] | None:
        """Return what a pending request carries of a client; None if it is a registered one."""
        document = self._recent.get(client.client_id) if client.has_document else None
        return document.to_json() if document is not None else None

    async def keep(self, client: Client) -> None:
        """Store the document of a client that a user signed in to, or that it was used."""
        now = self._clock.now()
        stored = await self._client_repository.find_document(client.client_id)
        if stored is not None:
            if abs(now - stored.used_at) >= USE_NOTED_EVERY:
                await self._client_document_repository.note_use(client.client_id, now=now)
            return
        document = self._recent.get(client.client_id)
        if document is None:
            raise DocumentBusyError(
                retry_after=1, reason="the document is no longer in memory", network=None
            )
        await self._store(replace(document, used_at=now), frozenset())

    async def note_grant(self, client: Client, family_id: str, redirect_uri: str) -> None:
        """Store what a code was issued for, since the grant ends with its redirect URI.

        The code must be stored before, and sent after. Raises `DocumentBusyError` if the document
        was deleted meanwhile, such as by blocking its host: the code is not valid then.
        """
        is_noted = await self._client_document_repository.note_grant(
            DocumentGrant(
                family_id=family_id,
                client_id=client.client_id,
                redirect_uri=without_loopback_port(redirect_uri),
                expires_at=self._clock.now() + self._grant_lifetime,
            )
        )
        if not is_noted:
            raise DocumentBusyError(
                retry_after=1, reason="the document was deleted meanwhile", network=None
            )

    async def _known(self, url: str) -> ClientDocument | None:
        stored = await self._client_repository.find_document(url)
        if stored is not None:
            self._recent[stored.client_id] = stored
            return stored
        return self._recent.get(stored_client_id(url))

    async def _fetched(self, url: str) -> ClientDocument:
        """Fetch a document, or wait for the fetch that is under way.

        If another network began that one and is over its limit, this one begins its own.
        """
        for _ in range(JOINED_AT_MOST):
            try:
                return await self._ask(url)
            except DocumentBusyError as error:
                if error.network in (None, request_context.network()):
                    raise
        return await self._ask(url)

    async def _fetch(self, url: str) -> ClientDocument:
        """Fetch a document, and store it if an older version is stored."""
        stored = await self._client_repository.find_document(url)
        fetched = await self._fetcher.fetch(url, stored)
        if stored is not None:
            fetched, ended = successor(stored, fetched, now=self._clock.now())
            await self._store(fetched, ended)
        self._recent[fetched.client_id] = fetched
        return fetched

    async def _store(self, document: ClientDocument, ended: frozenset[str]) -> None:
        event = None
        if ended:
            event = self._audit.event(
                ServerEvent.CLIENT_REDIRECT_URIS_ENDED,
                client_id=document.client_id,
                redirect_uris=sorted(ended),
            )
        is_stored = await self._client_document_repository.store(
            document, ended=ended, now=self._clock.now(), event=event
        )
        if not is_stored:
            raise _blocked(document.host)

    async def _require_unblocked(self, host: str) -> None:
        if await self._client_document_repository.is_blocked(host):
            raise _blocked(host)


def _blocked(host: str) -> UnwantedDocumentError:
    return UnwantedDocumentError(
        Detail.DOCUMENT_HOST_BLOCKED,
        reason=f"documents of this host are not accepted: {host} is blocked",
    )


def _reason_of(error: PosternError) -> str:
    return error.reason or error.detail
