"""The audit log: who did what to whom, from where, with which result.

It holds what happens to accounts, factors, consents, clients and keys, and what operators do. The
tokens of machines are counted elsewhere. A service that changes one of these builds the event here,
and the repository writes it in the transaction of the change: there is neither without the other.
The event waits in an outbox for its number in the chain, which it gets soon after.
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from app.clock import Clock
from app.models.audit_deletions import AuditDeletion
from app.models.audit_events import AuditEvent
from app.models.audit_outbox import NewEvent
from app.observability import origin
from app.repositories.audit_events import EVERYTHING, AuditRepository, Head, Wanted, hash_of
from app.repositories.audit_outbox import AuditOutboxRepository
from app.security.tokens import new_ordered_identifier
from app.services.audit_sequencing import AuditSequencer

SUCCEEDED = "succeeded"
REFUSED = "refused"
SYSTEM = "system"
ANYBODY = "anybody"

Detail = str | int | bool | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`head` is the last event that fits; `broken_at` is the number of the first that does not,
    None where all do."""

    head: Head
    broken_at: int | None
    deletion: AuditDeletion | None = None
    """What a downgrade deleted before the first event that is left."""
    is_known_deleted: bool = False
    """The head that was given is among what was deleted, so nothing can be compared with it."""
    waiting: int = 0
    """Events that have no number yet, where another session holds the head of the chain."""


class AuditLog:
    def __init__(
        self,
        events: AuditRepository,
        outbox: AuditOutboxRepository,
        sequencer: AuditSequencer,
        clock: Clock,
    ) -> None:
        self._events = events
        self._outbox = outbox
        self._clock = clock
        self.sequencer = sequencer

    def event(
        self,
        action: str,
        *,
        user_id: str | None = None,
        client_id: str | None = None,
        actor: str | None = None,
        succeeded: bool = True,
        **details: Detail,
    ) -> NewEvent:
        """Builds the event of a change, for the repository that makes the change.

        `action` as in `password.changed`, `details` without any secret. Without `actor` it is the
        operator who gave the command, else the user, else the sender of the request.
        """
        stranger = ANYBODY if origin.address() else SYSTEM
        by = actor or origin.actor() or (f"user:{user_id}" if user_id else stranger)
        said = {name: value for name, value in details.items() if value is not None}
        self.sequencer.wake()
        return NewEvent(
            event_id=new_ordered_identifier(),
            at=self._clock.now(),
            action=action,
            outcome=SUCCEEDED if succeeded else REFUSED,
            actor=by,
            user_id=user_id,
            client_id=client_id,
            address=origin.address(),
            request_id=origin.request_id(),
            details=json.dumps(said, sort_keys=True),
        )

    async def record(
        self,
        action: str,
        *,
        user_id: str | None = None,
        client_id: str | None = None,
        actor: str | None = None,
        succeeded: bool = True,
        **details: Detail,
    ) -> None:
        """Writes an event of what changed nothing, such as a refused sign-in; as `event`."""
        await self._outbox.add(
            self.event(
                action,
                user_id=user_id,
                client_id=client_id,
                actor=actor,
                succeeded=succeeded,
                **details,
            )
        )

    async def list_of_user(
        self, user_id: str, *, before: int | None = None, limit: int = 50
    ) -> Sequence[AuditEvent]:
        """What happened to a person, the newest first."""
        return await self._events.list_of_user(user_id, before=before, limit=limit)

    async def read_all(self, wanted: Wanted = EVERYTHING) -> AsyncIterator[AuditEvent]:
        """Every event that is wanted, in the order of the chain; those that wait for their number,
        where they cannot get it now, come last."""
        await self.sequencer.try_run()
        after, waiting = 0, None
        while (page := await self._events.list_page(wanted, after=after)) or waiting is None:
            for each in page:
                yield each
            if page:
                after, waiting = page[-1].sequence, None
            else:  # what is numbered from here on is in one more page
                waiting = await self._events.list_waiting(wanted)
        for each in waiting:
            yield each

    async def _read_chain(self) -> AsyncIterator[AuditEvent]:
        after = 0
        while page := await self._events.list_page(after=after):
            for each in page:
                yield each
            after = page[-1].sequence

    async def verify(self, *, known: Head | None = None) -> Verdict:
        """Walks the chain from its beginning to its head.

        `known` is a head that was noted earlier: it has to be on the way, so that nobody can have
        written the whole chain anew.
        """
        is_numbered = await self.sequencer.try_run()
        deletions = await self._events.list_deletions()
        deletion = deletions[0] if deletions else None
        last = Head(deletion.sequence, deletion.hash) if deletion else Head(0, bytes(32))
        is_known_deleted = known is not None and 0 < known.sequence < last.sequence
        noted = [await self._events.read_head(), *([known] if known is not None else [])]
        expected = {each.sequence: each.hash for each in noted}
        for each in deletions:
            if expected.get(each.sequence, each.hash) != each.hash:
                return Verdict(Head(0, bytes(32)), each.sequence, deletion)
            is_known_deleted &= known is None or each.sequence != known.sequence
        async for event in self._read_chain():
            is_next = event.sequence == last.sequence + 1 and event.previous_hash == last.hash
            is_noted = expected.get(event.sequence, event.hash) == event.hash
            if not is_next or hash_of(event) != event.hash or not is_noted:
                return Verdict(last, last.sequence + 1, deletion)
            last = Head(event.sequence, event.hash)
        is_whole = last.sequence >= max(expected)
        head = await self._events.read_head()  # by now it may be ahead, but never behind
        has_head = head.hash != b"" and head.sequence >= last.sequence
        broken_at = None if is_whole and has_head else last.sequence + 1
        waiting = await self._events.count_waiting() if not is_numbered else 0
        return Verdict(last, broken_at, deletion, is_known_deleted, waiting)
