"""Verification of the audit log: the chain in the database, and the archives before it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.models.operations.audit_deletions import AuditDeletion
from app.models.operations.audit_events import AuditEvent
from app.repositories.operations.audit_events import AuditEventRepository, Head
from app.services.operations.audit_checkpoints import AuditCheckpoints, Checkpoint
from app.services.operations.audit_files import BEGINNING, is_next, read_events
from app.services.operations.audit_sequencing import AuditSequencer


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result of a verification.

    `head` is the last valid event; `broken_at` is the number of the first invalid one, or None.
    """

    head: Head
    broken_at: int | None
    deletion: AuditDeletion | None = None
    """What a downgrade deleted before the first remaining event."""
    is_known_deleted: bool = False
    """Whether the given head was deleted or archived, so that nothing can be compared with it."""
    waiting: int = 0
    """Events without a number, because another session holds the head of the chain."""
    checkpoint: Checkpoint | None = None
    """What was archived before the first verified event."""
    missing: int = 0
    """How many events precede the first one of the given archives."""


class AuditVerifier:
    def __init__(
        self,
        *,
        audit_event_repository: AuditEventRepository,
        checkpoints: AuditCheckpoints,
        sequencer: AuditSequencer,
    ) -> None:
        self._audit_event_repository = audit_event_repository
        self._checkpoints = checkpoints
        self._sequencer = sequencer

    async def beginning(self) -> Head:
        """Return the last event that is no longer in the database."""
        deletions = await self._audit_event_repository.list_deletions()
        checkpoint = await self._checkpoints.newest()
        heads = [Head(deletion.sequence, deletion.hash) for deletion in deletions[:1]]
        return max([BEGINNING, *heads, *([checkpoint.head] if checkpoint else [])])

    async def verify(self, *, known: Head | None, archives: Sequence[Path]) -> Verdict:
        """Verify the chain from its beginning to its head; see `AuditLog.verify`."""
        is_numbered = await self._sequencer.try_run()
        deletions = await self._audit_event_repository.list_deletions()
        checkpoint = await self._checkpoints.newest()
        if checkpoint is not None and not checkpoint.is_signed:
            return Verdict(BEGINNING, checkpoint.head.sequence, checkpoint=checkpoint)
        deleted_heads = [Head(deletion.sequence, deletion.hash) for deletion in deletions]
        deleted_heads += [checkpoint.head] if checkpoint is not None else []
        noted_heads = [
            await self._audit_event_repository.read_head(),
            *([known] if known is not None else []),
        ]
        expected = {noted_head.sequence: noted_head.hash for noted_head in noted_heads}
        for deleted_head in deleted_heads:
            if expected.setdefault(deleted_head.sequence, deleted_head.hash) != deleted_head.hash:
                return Verdict(
                    BEGINNING, deleted_head.sequence, deletions[0] if deletions else None
                )
        last = max([BEGINNING, *deleted_heads])
        if archives:
            last = _before_first(archives) or last
        verdict = _beginning_at(last, deletions, checkpoint)
        if known is not None and known not in deleted_heads:
            is_known_deleted = 0 < known.sequence < last.sequence
            verdict = replace(verdict, is_known_deleted=is_known_deleted)
        if last.sequence and expected.get(last.sequence, last.hash) != last.hash:
            return replace(verdict, head=BEGINNING, broken_at=last.sequence)
        async for event in self._events_of(archives, last):
            is_noted = expected.get(event.sequence, event.hash) == event.hash
            if not is_next(event, last) or not is_noted:
                return replace(verdict, head=last, broken_at=last.sequence + 1)
            last = Head(event.sequence, event.hash)
        is_whole = last.sequence >= max(expected)
        head = (
            await self._audit_event_repository.read_head()
        )  # may have advanced by now, but never goes back
        has_head = head.hash != b"" and head.sequence >= last.sequence
        return replace(
            verdict,
            head=last,
            broken_at=None if is_whole and has_head else last.sequence + 1,
            waiting=await self._audit_event_repository.count_waiting() if not is_numbered else 0,
        )

    async def _events_of(self, archives: Sequence[Path], last: Head) -> AsyncIterator[AuditEvent]:
        """Yield the events of the files, then those that follow in the database."""
        after = last.sequence
        for path in archives:
            for event in read_events(path):
                yield event
                after = event.sequence
        while page := await self._audit_event_repository.list_page(after=after):
            for event in page:
                yield event
            after = page[-1].sequence


def _before_first(archives: Sequence[Path]) -> Head | None:
    """Return the head before the first event of the files; None if they are empty."""
    for path in archives:
        for event in read_events(path):
            return Head(event.sequence - 1, event.previous_hash)
    return None


def _beginning_at(
    last: Head, deletions: Sequence[AuditDeletion], checkpoint: Checkpoint | None
) -> Verdict:
    """Return a verdict about the events before the first one that is verified."""
    deletion = next(
        (candidate for candidate in deletions if candidate.sequence == last.sequence), None
    )
    is_cut = checkpoint is not None and checkpoint.head.sequence == last.sequence
    return Verdict(
        last,
        None,
        deletion=deletion,
        checkpoint=checkpoint if is_cut else None,
        missing=0 if deletion or is_cut else last.sequence,
    )
