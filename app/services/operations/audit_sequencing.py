"""Assign numbers to audit events in batches, soon after the events were written."""

import asyncio
from collections.abc import Callable, Sequence

from app.clock import Clock
from app.concurrency.background_loop import BackgroundLoop, wait_for_event
from app.errors import DatabaseUnavailableError
from app.models.operations.audit_events import AuditEvent
from app.models.operations.webhooks import WebhookEvent
from app.observability.logging import logger
from app.repositories.operations.audit_sequencing import BATCH, AuditSequencingRepository

log = logger(__name__)

POLL_SECONDS = 10.0
PAUSE_SECONDS = 1.0
"""Pause between two passes, so that a pass under load has many events to number."""
PASSES_UNTIL_WARNING = 10


class AuditSequencer(BackgroundLoop):
    """Numbers audit events.

    Every worker has a sequencer; the lock on the head of the chain lets one at a time work. The
    transaction that numbers events queues what `webhook_events_of` makes of them for the webhooks.
    `webhooks_queued` is set afterwards.
    """

    def __init__(
        self,
        *,
        audit_sequencing_repository: AuditSequencingRepository,
        webhook_events_of: Callable[[AuditEvent], Sequence[WebhookEvent]],
        clock: Clock,
    ) -> None:
        super().__init__(
            log,
            unavailable="audit events are waiting to be numbered: the database is not available",
            failed="numbering audit events failed and will be retried",
        )
        self._audit_sequencing_repository = audit_sequencing_repository
        self._webhook_events_of = webhook_events_of
        self._clock = clock
        self.webhooks_queued = asyncio.Event()
        self._written = asyncio.Event()
        self._lock = asyncio.Lock()
        self._passes_in_vain = 0

    def wake(self) -> None:
        """Signal that an event was written, or will be at once."""
        self._written.set()

    async def run(self) -> bool:
        """Number all waiting events; return False if another worker is doing it."""
        async with self._lock:
            if not await self._audit_sequencing_repository.has_waiting():
                return True
            while True:
                numbered = await self._audit_sequencing_repository.number_some(
                    self._webhook_events_of, now=self._clock.now()
                )
                if numbered is None:
                    return False
                if numbered.deliveries:
                    self.webhooks_queued.set()
                if numbered.events < BATCH:
                    return True

    async def try_run(self) -> bool:
        """Do the same as `run`; return False also if the database is unavailable."""
        try:
            return await self.run()
        except DatabaseUnavailableError:
            return False

    async def _wait(self) -> None:
        await wait_for_event(self._written, at_most=POLL_SECONDS)
        await asyncio.sleep(PAUSE_SECONDS * (1 + min(self._passes_in_vain, PASSES_UNTIL_WARNING)))
        self._written.clear()

    async def _pass(self) -> None:
        is_done = await self.run()
        self._passes_in_vain = 0 if is_done else self._passes_in_vain + 1
        if not is_done:
            self._written.set()
        if self._passes_in_vain == PASSES_UNTIL_WARNING:
            log.warning("audit events are waiting to be numbered: audit_head is locked")
