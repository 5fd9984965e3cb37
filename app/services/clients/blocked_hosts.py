"""Hosts whose documents are refused, chosen by administrators."""

from collections.abc import Sequence

from app.clock import Clock
from app.details import Detail
from app.errors import InvalidInputError, NotFoundError
from app.models.clients.client_documents import BlockedHost
from app.models.operations.audit_outbox import NewEvent
from app.repositories.clients.client_documents import ClientDocumentRepository
from app.schemas.admin_scopes import AdminScope
from app.security.document_urls import host_name
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority

CLIENTS_NAMED = 50
"""How many clients the event of a block names; their documents are deleted."""


class BlockedHostService:
    def __init__(
        self,
        *,
        client_document_repository: ClientDocumentRepository,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._client_document_repository = client_document_repository
        self._audit = audit
        self._clock = clock

    async def block(self, host: str, *, authority: Authority) -> str:
        """Block a host and return its name; everything granted to its clients ends.

        A host that is blocked already stays so.
        """
        authority.require(AdminScope.CLIENTS_WRITE)
        name = _name_of(host)

        def event_of(clients: Sequence[str]) -> NewEvent:
            return self._audit.event(
                ServerEvent.CLIENT_HOST_BLOCKED, name=name, clients=clients[:CLIENTS_NAMED]
            )

        await self._client_document_repository.block(name, now=self._clock.now(), event_of=event_of)
        return name

    async def unblock(self, host: str, *, authority: Authority) -> str:
        """Allow the clients of a host again; raise `NotFoundError` if it is not blocked.

        What had ended does not begin again.
        """
        authority.require(AdminScope.CLIENTS_WRITE)
        name = _name_of(host)
        event = self._audit.event(ServerEvent.CLIENT_HOST_UNBLOCKED, name=name)
        if not await self._client_document_repository.unblock(name, event=event):
            raise NotFoundError(Detail.HOST_NOT_BLOCKED)
        return name

    async def find(self, host: str) -> BlockedHost | None:
        """Return a host by its name, or None if it is not blocked."""
        return await self._client_document_repository.find_blocked(host)

    async def list_page(self, *, after: str = "", limit: int = 100) -> Sequence[BlockedHost]:
        """Return a page of the blocked hosts, ordered by name."""
        return await self._client_document_repository.list_blocked(after=after, limit=limit)


def _name_of(host: str) -> str:
    name = host_name(host)
    if name is None:
        raise InvalidInputError(Detail.BLOCKED_HOST_INVALID, field="host")
    return name
