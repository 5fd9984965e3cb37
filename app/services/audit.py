"""The audit log: who did what to whom, from where, with which result.

It holds what happens to accounts, factors, consents, clients and keys, and what operators do. The
tokens of machines are counted elsewhere. A service that changes one of these builds the event here,
and the repository writes it in the transaction of the change: there is neither without the other.
The event waits in an outbox for its number in the chain, which it gets soon after.
"""

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from app.clock import Clock
from app.models.audit_events import AuditEvent
from app.models.audit_outbox import NewEvent
from app.observability import origin
from app.repositories.audit_events import EVERYTHING, AuditRepository, Head, Wanted
from app.repositories.audit_outbox import AuditOutboxRepository
from app.security.tokens import new_ordered_identifier
from app.services.audit_checkpoints import AuditCheckpoints
from app.services.audit_sequencing import AuditSequencer
from app.services.audit_verification import AuditVerifier, Verdict

SUCCEEDED = "succeeded"
REFUSED = "refused"
SYSTEM = "system"
ANYBODY = "anybody"

Detail = str | int | bool | Sequence[str] | None


class AuditLog:
    def __init__(
        self,
        events: AuditRepository,
        outbox: AuditOutboxRepository,
        sequencer: AuditSequencer,
        checkpoints: AuditCheckpoints,
        clock: Clock,
    ) -> None:
        self._events = events
        self._verifier = AuditVerifier(events, checkpoints, sequencer)
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
        """What happened to a user, the newest first.

        Events that cannot get their number now all come before the first page.
        """
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

    async def beginning(self) -> Head:
        """The last event that is not in the database any more."""
        return await self._verifier.beginning()

    async def verify(self, *, known: Head | None = None, archives: Sequence[Path] = ()) -> Verdict:
        """Walks the chain from its beginning to its head, through the archives if there are any.

        `known` is a head that was noted earlier: it has to be on the way, so that nobody can have
        written the whole chain anew.
        """
        return await self._verifier.verify(known=known, archives=archives)
