"""Archiving of audit events: write them to a file, cut the chain, then delete them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from pathlib import Path

from app.errors import InvalidInputError
from app.models.operations.audit_events import AuditEvent
from app.repositories.operations.audit_events import AuditEventRepository, Head
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.audit_checkpoints import AuditCheckpoints
from app.services.operations.audit_files import ArchiveFile, is_next


@dataclass(frozen=True, slots=True)
class Archived:
    """Result of archiving.

    `head` is the last event of the file, `count` how many events were written, `deleted` how many
    were deleted from the database.
    """

    head: Head
    count: int
    deleted: int


class AuditArchive:
    def __init__(
        self,
        *,
        audit_event_repository: AuditEventRepository,
        checkpoints: AuditCheckpoints,
        audit: AuditLog,
    ) -> None:
        self._audit_event_repository = audit_event_repository
        self._checkpoints = checkpoints
        self._audit = audit

    async def run(
        self, path: Path, *, before: datetime | None = None, limit: int | None = None
    ) -> Archived:
        """Append the events before an instant, or all, to a file, and cut the chain.

        With a `limit`, no page is read after that number of events.

        An interrupted command can be run again and continues at the same place: events are deleted
        once they are on the disk and the cut is committed. Raise `InvalidInputError`, and cut
        nothing, for a file with other content and for a broken chain.
        """
        await self._audit.sequencer.try_run()
        start = await self._audit.beginning()
        count = 0
        try:
            with ArchiveFile(path) as file:
                last = await self._end_of(file, path, start)
                count, last = await self._write(file, last, before=before, limit=limit)
                await asyncio.to_thread(file.sync)
        except OSError as error:
            raise InvalidInputError(f"{path}: {error.strerror}. No events were deleted.") from None
        if last.sequence > start.sequence:
            event = self._audit.event(
                ServerEvent.AUDIT_ARCHIVED, until=last.sequence, hash=last.hash.hex()
            )
            await self._checkpoints.cut(last, event)
        return Archived(last, count, await self._checkpoints.delete_archived())

    async def _end_of(self, file: ArchiveFile, path: Path, start: Head) -> Head:
        """Return the event after which the file continues.

        Raise `InvalidInputError` if the file is not of this chain.
        """
        head = file.head
        if head is None or head == start:
            return start
        if head.sequence < start.sequence or file.first > start.sequence + 1:
            raise InvalidInputError(
                f"{path}: its events do not connect to event {start.sequence}, the last one"
                " archived. Choose a new file."
            )
        known = await self._audit_event_repository.list_page(after=head.sequence - 1, limit=1)
        if [(event.sequence, event.hash) for event in known] != [head]:
            raise InvalidInputError(f"{path}: its events are not from this log. Choose a new file.")
        return head

    async def _write(
        self, file: ArchiveFile, last: Head, *, before: datetime | None, limit: int | None
    ) -> tuple[int, Head]:
        count, is_complete = 0, False
        while not is_complete and (limit is None or count < limit):
            page = await self._audit_event_repository.list_page(after=last.sequence)
            due = list(takewhile(lambda event: before is None or event.at < before, page))
            is_complete = not due or len(due) < len(page)
            last = await asyncio.to_thread(_append, file, due, last)
            count += len(due)
        return count, last


def _append(file: ArchiveFile, events: Sequence[AuditEvent], last: Head) -> Head:
    """Append events that follow `last`, and return the last one."""
    for event in events:
        if not is_next(event, last):
            raise InvalidInputError(
                f"The log is broken at event {last.sequence + 1}. Nothing was deleted."
                " Run postern audit verify."
            )
        file.append(event)
        last = Head(event.sequence, event.hash)
    return last
