"""Checkpoints of archived audit events, signed with a key derived from SECRET_KEY."""

from dataclasses import dataclass
from datetime import datetime

from app.clock import Clock
from app.models.operations.audit_checkpoints import AuditCheckpoint
from app.models.operations.audit_outbox import NewEvent
from app.repositories.operations.audit_checkpoints import AuditCheckpointRepository
from app.repositories.operations.audit_events import Head
from app.security.encryption import SealError, SecretBox

BATCH = 1000
DIGITS = 19


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Head of the events that were archived.

    `is_signed` is whether its signature is ours and covers this event.
    """

    head: Head
    archived_at: datetime
    is_signed: bool


class AuditCheckpoints:
    """Checkpoints. `box` seals under SECRET_KEY and opens what a previous key sealed.

    A checkpoint therefore survives a change of SECRET_KEY, and `postern keys rewrap` signs it
    again.
    """

    def __init__(
        self,
        *,
        audit_checkpoint_repository: AuditCheckpointRepository,
        box: SecretBox,
        clock: Clock,
    ) -> None:
        self._audit_checkpoint_repository = audit_checkpoint_repository
        self._box = box
        self._clock = clock

    async def newest(self) -> Checkpoint | None:
        row = await self._audit_checkpoint_repository.find_newest()
        if row is None:
            return None
        head = Head(row.sequence, row.hash)
        return Checkpoint(head, row.archived_at, is_signed=self._is_signed(row))

    async def cut(self, head: Head, event: NewEvent) -> None:
        """Make the chain begin after `head`; `event` is the audit event of the cut."""
        name = _name_of(head)
        await self._audit_checkpoint_repository.add(
            AuditCheckpoint(
                checkpoint_id=name,
                sequence=head.sequence,
                hash=head.hash,
                archived_at=self._clock.now(),
                signature=self._box.seal(_content(head), context=name),
            ),
            event,
        )

    async def delete_archived(self) -> int:
        """Delete the events before the newest checkpoint, in short batches; return how many."""
        deleted = count = await self._audit_checkpoint_repository.delete_archived(limit=BATCH)
        while count == BATCH:
            count = await self._audit_checkpoint_repository.delete_archived(limit=BATCH)
            deleted += count
        return deleted

    def _is_signed(self, row: AuditCheckpoint) -> bool:
        head = Head(row.sequence, row.hash)
        try:
            content = self._box.open(row.signature, context=_name_of(head))
        except SealError:
            return False
        return content == _content(head) and row.checkpoint_id == _name_of(head)


def _name_of(head: Head) -> str:
    return f"{head.sequence:0{DIGITS}d}"


def _content(head: Head) -> bytes:
    return f"{head.sequence}:{head.hash.hex()}".encode()
