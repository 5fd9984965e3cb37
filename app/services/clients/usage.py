"""What uses a client: the users who allowed it, and when it last got a token.

The times are collected in memory. Each worker stores those of its clients in one batch a minute, so
that no request waits for it; a worker that ends loses at most a minute.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from app.concurrency.background_loop import BackgroundLoop
from app.observability.logging import logger
from app.repositories.clients.client_usage import ClientUsageRepository
from app.repositories.clients.consents import ConsentRepository

log = logger(__name__)

STORE_EVERY = 60.0
"""Seconds between two batches."""


@dataclass(frozen=True, slots=True)
class ClientUsage:
    """`users` is how many users allowed the client."""

    users: int
    last_token_at: datetime | None


class ClientUsageService(BackgroundLoop):
    def __init__(
        self,
        client_usage_repository: ClientUsageRepository,
        consent_repository: ConsentRepository,
    ) -> None:
        super().__init__(
            log,
            unavailable="the usage of clients is not stored: the database is not available",
            failed="storing the usage of clients failed and will be retried",
        )
        self._client_usage_repository = client_usage_repository
        self._consent_repository = consent_repository
        self._collected: dict[str, datetime] = {}

    def note_token(self, client_id: str, at: datetime) -> None:
        """Note that a client got a token; stored later."""
        self._collected[client_id] = at

    async def store(self) -> None:
        """Store what was collected since the last time."""
        collected, self._collected = self._collected, {}
        if not collected:
            return
        try:
            await self._client_usage_repository.record(collected)
        except BaseException:
            self._collected = {**collected, **self._collected}
            raise

    async def of_client(self, client_id: str) -> ClientUsage:
        return ClientUsage(
            users=await self._consent_repository.count_of_client(client_id),
            last_token_at=await self._client_usage_repository.last_token_at(client_id),
        )

    async def _wait(self) -> None:
        await asyncio.sleep(STORE_EVERY)

    async def _pass(self) -> None:
        await self.store()
