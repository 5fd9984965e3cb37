"""Move audit events to files once they are as old as the operator wants to keep them.

Housekeeping calls it, so that one server at a time does it.
"""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from app.clock import Clock
from app.errors import InvalidInputError
from app.observability.logging import logger
from app.repositories.operations.audit_events import AuditEventRepository
from app.services.operations.audit import AuditLog
from app.services.operations.audit_archive import AuditArchive

log = logger(__name__)

AT_ONCE = 100_000
"""Events of one file; it is written well within the lease of housekeeping."""
DIGITS = 12


class AuditRetention:
    """Retention of audit events. Without a directory and a time they are kept for ever."""

    def __init__(
        self,
        *,
        audit_archive: AuditArchive,
        audit_event_repository: AuditEventRepository,
        audit: AuditLog,
        clock: Clock,
        directory: Path | None,
        days: int | None,
    ) -> None:
        self._audit_archive = audit_archive
        self._audit_event_repository = audit_event_repository
        self._audit = audit
        self._clock = clock
        self._directory = directory
        self._days = days

    async def archive_due(self, *, before: datetime, limit: int) -> int:
        """Archive the events of whole days that are old enough; a task of housekeeping.

        The name of the file begins with the number of its first event, so that an interrupted run
        continues with the same file. A failure is logged, and no event is deleted.
        """
        del before, limit  # its own time and number
        if self._directory is None or self._days is None:
            return 0
        day = (self._clock.now() - timedelta(days=self._days)).astimezone(UTC).date()
        end = datetime.combine(day, time(), UTC)
        start = await self._audit.beginning()
        oldest = await self._audit_event_repository.list_page(after=start.sequence, limit=1)
        if not oldest or oldest[0].at >= end:
            return 0
        path = self._directory / f"audit-{oldest[0].sequence:0{DIGITS}d}.jsonl"
        try:
            archived = await self._audit_archive.run(path, before=end, limit=AT_ONCE)
        except InvalidInputError as error:
            log.error("the audit log was not archived: %s", error.detail)
            return 0
        log.info("archived %d audit events to %s", archived.count, path)
        return archived.deleted
