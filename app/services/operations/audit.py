"""Audit log: who did what to whom, from where, with which result.

It records changes to accounts, factors, consents, clients and keys, and what operators do, but not
the tokens that clients obtain for themselves. A service that makes such a change builds the event,
and the repository writes it in the transaction of the change, so that neither exists without the
other. The event then waits in an outbox for its number in the chain, which it gets soon after.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.clock import Clock
from app.models.operations.audit_events import AuditEvent
from app.models.operations.audit_outbox import NewEvent
from app.observability import request_context
from app.repositories.operations.audit_events import EVERYTHING, AuditEventRepository, Head, Wanted
from app.repositories.operations.audit_outbox import AuditOutboxRepository
from app.security.tokens import new_ordered_identifier
from app.services.operations.activity import ActivityCollector
from app.services.operations.audit_actions import AuditAction
from app.services.operations.audit_checkpoints import AuditCheckpoints
from app.services.operations.audit_sequencing import AuditSequencer
from app.services.operations.audit_verification import AuditVerifier, Verdict

SUCCEEDED = "succeeded"
REFUSED = "refused"
SYSTEM = "system"
ANONYMOUS = "anybody"

Detail = str | int | bool | Sequence[str] | Mapping[str, Any] | None


class AuditLog:
    def __init__(
        self,
        *,
        audit_event_repository: AuditEventRepository,
        audit_outbox_repository: AuditOutboxRepository,
        sequencer: AuditSequencer,
        checkpoints: AuditCheckpoints,
        activity: ActivityCollector,
        clock: Clock,
    ) -> None:
        self._audit_event_repository = audit_event_repository
        self._verifier = AuditVerifier(
            audit_event_repository=audit_event_repository,
            checkpoints=checkpoints,
            sequencer=sequencer,
        )
        self._audit_outbox_repository = audit_outbox_repository
        self._activity = activity
        self._clock = clock
        self.sequencer = sequencer
        self.checkpoints = checkpoints

    def event(
        self,
        action: AuditAction,
        *,
        user_id: str | None = None,
        client_id: str | None = None,
        actor: str | None = None,
        succeeded: bool = True,
        **details: Detail,
    ) -> NewEvent:
        """Build the event of a change, for the repository that makes the change.

        `details` must not contain secrets. The default `actor` is the operator who ran the command,
        else the user, else the sender of the request.
        """
        sender = ANONYMOUS if request_context.address() else SYSTEM
        resolved_actor = (
            actor or request_context.actor() or (f"user:{user_id}" if user_id else sender)
        )
        stated_details = {name: value for name, value in details.items() if value is not None}
        self.sequencer.wake()
        self._activity.audited(action)
        return NewEvent(
            event_id=new_ordered_identifier(),
            at=self._clock.now(),
            action=action.value,
            outcome=SUCCEEDED if succeeded else REFUSED,
            actor=resolved_actor,
            user_id=user_id,
            client_id=client_id,
            address=request_context.address(),
            request_id=request_context.request_id(),
            details=json.dumps(stated_details, sort_keys=True),
            is_preparation=False,
        )

    async def record(
        self,
        action: AuditAction,
        *,
        user_id: str | None = None,
        client_id: str | None = None,
        actor: str | None = None,
        succeeded: bool = True,
        **details: Detail,
    ) -> None:
        """Write an event that comes with no change, such as a refused sign-in.

        The arguments are those of `event`.
        """
        await self._audit_outbox_repository.add(
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
        """Return the events of a user, the newest first.

        Events that cannot be numbered now all come before the first page.
        """
        return await self._audit_event_repository.list_of_user(user_id, before=before, limit=limit)

    async def list_newest(
        self, wanted: Wanted = EVERYTHING, *, before: int | None = None, limit: int = 50
    ) -> Sequence[AuditEvent]:
        """Return a page of events, the newest first, as `list_of_user` does."""
        if before is None:
            await self.sequencer.try_run()
        return await self._audit_event_repository.list_newest(wanted, before=before, limit=limit)

    async def find(self, sequence: int) -> AuditEvent | None:
        """Return the event with this number, or None."""
        events = await self._audit_event_repository.list_page(after=sequence - 1, limit=1)
        return next((event for event in events if event.sequence == sequence), None)

    async def read_all(self, wanted: Wanted = EVERYTHING) -> AsyncIterator[AuditEvent]:
        """Yield every event that is `wanted`, in the order of the chain.

        Events without a number, if they cannot be numbered now, come last.
        """
        await self.sequencer.try_run()
        after, waiting = 0, None
        while (
            page := await self._audit_event_repository.list_page(wanted, after=after)
        ) or waiting is None:
            for event in page:
                yield event
            if page:
                after, waiting = page[-1].sequence, None
            else:  # events numbered from now on are in one more page
                waiting = await self._audit_event_repository.list_waiting(wanted)
        for event in waiting:
            yield event

    async def read_newest(self, wanted: Wanted = EVERYTHING) -> AsyncIterator[Sequence[AuditEvent]]:
        """Yield pages of the events that are `wanted`, the newest first."""
        await self.sequencer.try_run()
        before = None
        while page := await self._audit_event_repository.list_newest(wanted, before=before):
            yield page
            before = page[-1].sequence
            if not before:  # only events that cannot be numbered now
                return

    async def beginning(self) -> Head:
        """Return the last event that is no longer in the database."""
        return await self._verifier.beginning()

    async def verify(self, *, known: Head | None = None, archives: Sequence[Path] = ()) -> Verdict:
        """Verify the chain from its beginning to its head, through the archives if any.

        `known` is a head that was noted earlier: it has to be in the chain, which rules out that
        the whole chain was rewritten.
        """
        return await self._verifier.verify(known=known, archives=archives)
