"""What uses a client: the users who allowed it, and when it last got a token, also for each user.

The times are collected in memory. Each worker stores those of its clients in one batch a minute, so
that no request waits for it; a worker that ends loses at most a minute.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import datetime

from app.concurrency.background_loop import BackgroundLoop
from app.models.clients.application_uses import ApplicationUse
from app.observability import request_context
from app.observability.logging import logger
from app.repositories.clients.application_uses import ApplicationUseRepository
from app.repositories.clients.client_usage import ClientUsageRepository
from app.repositories.clients.consents import ConsentRepository

log = logger(__name__)

STORE_EVERY = 60.0
"""Seconds between two batches."""
MAXIMUM_COLLECTED = 20_000
"""Uses by users in memory; they are stored earlier if there are as many."""


@dataclass(frozen=True, slots=True)
class ClientUsage:
    """`users` is how many users allowed the client."""

    users: int
    last_token_at: datetime | None


class ClientUsageService(BackgroundLoop):
    def __init__(
        self,
        *,
        client_usage_repository: ClientUsageRepository,
        consent_repository: ConsentRepository,
        application_use_repository: ApplicationUseRepository,
    ) -> None:
        super().__init__(
            log,
            unavailable="the usage of clients is not stored: the database is not available",
            failed="storing the usage of clients failed and will be retried",
        )
        self._client_usage_repository = client_usage_repository
        self._consent_repository = consent_repository
        self._application_use_repository = application_use_repository
        self._collected: dict[str, datetime] = {}
        self._uses: dict[tuple[str, str], ApplicationUse] = {}
        self._is_full = asyncio.Event()

    def note_token(self, client_id: str, at: datetime, *, user_id: str | None) -> None:
        """Note that a client got a token, for itself or for a user; stored later."""
        self._collected[client_id] = at
        if user_id is not None:
            address = request_context.address() or ""
            self._uses[user_id, client_id] = ApplicationUse(user_id, client_id, at, address)
            if len(self._uses) >= MAXIMUM_COLLECTED:
                self._is_full.set()

    async def store(self) -> None:
        """Store what was collected since the last time."""
        collected, self._collected = self._collected, {}
        uses, self._uses = self._uses, {}
        try:
            if collected:
                await self._client_usage_repository.record(collected)
            if uses:
                await self._application_use_repository.record(list(uses.values()))
        except BaseException:
            self._collected = {**collected, **self._collected}
            if len(self._uses) < MAXIMUM_COLLECTED:
                self._uses = {**uses, **self._uses}
            raise

    async def of_client(self, client_id: str) -> ClientUsage:
        return ClientUsage(
            users=await self._consent_repository.count_of_client(client_id),
            last_token_at=await self._client_usage_repository.last_token_at(client_id),
        )

    async def uses_of_user(self, user_id: str) -> dict[str, ApplicationUse]:
        """Return when and from where each client last got tokens for a user, by client.

        The address of the newest use may be up to a minute old, or unknown ("").
        """
        stored = {
            use.client_id: use for use in await self._application_use_repository.list_of(user_id)
        }
        uses = dict(stored)
        for client_id, at in (await self._consent_repository.last_uses(user_id)).items():
            known = stored.get(client_id)
            if known is None or known.last_used_at < at:
                address = known.address if known is not None else ""
                uses[client_id] = ApplicationUse(user_id, client_id, at, address)
        return uses

    async def _wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._is_full.wait(), STORE_EVERY)
        self._is_full.clear()

    async def _pass(self) -> None:
        await self.store()
