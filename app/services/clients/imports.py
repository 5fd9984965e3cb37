"""Import of clients of another server, with their identifiers and secrets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.clock import Clock
from app.details import Detail
from app.errors import ConflictError, InvalidInputError
from app.models.clients.clients import Client
from app.repositories.clients.clients import ClientRepository
from app.repositories.clients.imports import ClientImportRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.clients import ClientCreate
from app.security import client_ids
from app.security.comparison import digests_match
from app.security.tokens import digest_of
from app.services.clients.secrets import MINIMUM_LENGTH, is_acceptable
from app.services.clients.stated_clients import client_from
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority


@dataclass(frozen=True, slots=True)
class ImportedClient:
    """A client to import. `name` may be empty; `body` has its metadata."""

    client_id: str
    name: str
    secret: str | None
    created_at: datetime | None
    body: ClientCreate


class ClientImport:
    """Import of clients. `check_metadata` raises `InvalidInputError` for what is not allowed."""

    def __init__(
        self,
        *,
        client_repository: ClientRepository,
        client_import_repository: ClientImportRepository,
        audit: AuditLog,
        clock: Clock,
        check_metadata: Callable[[ClientCreate], None],
    ) -> None:
        self._client_repository = client_repository
        self._client_import_repository = client_import_repository
        self._audit = audit
        self._clock = clock
        self._check_metadata = check_metadata

    async def check(
        self, client: ImportedClient, *, authority: Authority
    ) -> tuple[bool, list[str]]:
        """Return whether the client was imported before, and what is wrong with it."""
        authority.require(AdminScope.CLIENTS_WRITE)
        problems = self._problems_with(client)
        existing = await self._client_repository.find(client.client_id, now=self._clock.now())
        is_present = existing is not None and _is_same(existing, client)
        is_retired = await self._client_import_repository.is_retired(client.client_id)
        if is_retired or (existing is not None and not is_present):
            problems.append("client_id: is taken by another client")
        return is_present, problems

    async def store(self, clients: Sequence[ImportedClient], *, authority: Authority) -> None:
        """Store clients that were checked, all or none; raise `ConflictError` if an id is taken."""
        authority.require(AdminScope.CLIENTS_WRITE)
        if not clients:
            return
        events = [
            self._audit.event(ServerEvent.CLIENT_IMPORTED, client_id=client.client_id)
            for client in clients
        ]
        if not await self._client_import_repository.add_all(
            list(map(self._row_of, clients)), events=events
        ):
            raise ConflictError(Detail.IMPORT_OVERTAKEN)

    def _problems_with(self, client: ImportedClient) -> list[str]:
        problems = []
        if (problem := client_ids.problem_with(client.client_id)) is not None:
            problems.append(f"client_id: {problem}")
        if not client.body.is_public and not is_acceptable(client.secret or ""):
            problems.append(f"client_secret: must have {MINIMUM_LENGTH} plain characters or more")
        try:
            self._check_metadata(client.body)
        except InvalidInputError as error:
            problems.append(error.detail)
        return problems

    def _row_of(self, client: ImportedClient) -> Client:
        return client_from(
            client.body,
            client_id=client.client_id,
            client_name=client.name,
            scope=client.body.scope,
            now=client.created_at or self._clock.now(),
            secret_digest=digest_of(client.secret) if client.secret is not None else None,
        )


def _is_same(client: Client, imported: ImportedClient) -> bool:
    """Return whether a client was stored by an earlier import of the same file."""
    if imported.secret is None:
        return client.secret_digest is None
    return digests_match(client.secret_digest, digest_of(imported.secret))
