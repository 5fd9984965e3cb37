"""Refusals and counts of one worker, collected in memory until they are written in a batch.

A request only increments counts here: it never writes to the database, nor waits for it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from app.clock import Clock
from app.models.operations.activity import StoredRefusal
from app.observability.refusals import RefusedRequest
from app.observability.request_context import loggable
from app.security.tokens import new_ordered_identifier
from app.services.accounts.events import AccountEvent
from app.services.operations.audit_actions import AuditAction
from app.services.operations.refusal_rules.catalogue import rule_for

MAXIMUM_ROWS = 500
MAXIMUM_ROWS_OF_RULE = 100
MAXIMUM_ROWS_OF_NETWORK = 20
"""Refusals in one batch: in all, by one rule, and by one rule for one network. The last one stored
for the same rule and network counts further ones, so that a flood leaves room for others."""
MAXIMUM_KEYS = 2000
"""Keys of counts in one batch; further ones are counted together under an empty key."""


class ActivityKind(StrEnum):
    """What is counted by the hour, with the meaning of its keys. The values are stored."""

    SIGN_INS = "sign_ins"
    """By outcome: `succeeded` or `refused`."""
    TOKENS = "tokens"
    """Token responses, by client."""
    REFUSALS = "refusals"
    """By the code of the rule."""
    DROPPED_REFUSALS = "dropped_refusals"
    """Refusals that are counted, but not stored, because the buffer was full."""


OF_SIGN_INS, OF_TOKENS, OF_REFUSALS, OF_DROPPED = (str(kind.value) for kind in ActivityKind)
"""Plain strings, which are quicker to hash than members of an enum."""
SIGN_INS: Mapping[AuditAction, str] = {
    AccountEvent.SIGN_IN_SUCCEEDED: "succeeded",
    AccountEvent.SIGN_IN_REFUSED: "refused",
}
"""Outcomes by action of the audit log."""


Counts = Counter[tuple[str, str]]
"""Numbers by kind and key."""


class Batch(NamedTuple):
    """What was collected since the last batch."""

    refusals: Sequence[StoredRefusal]
    counts: Counts

    @property
    def is_empty(self) -> bool:
        return not self.refusals and not self.counts


@dataclass(slots=True)
class Sample:
    """A refusal that will be stored, and how many it stands for."""

    refused: RefusedRequest
    rule: str
    at: datetime
    count: int = 1

    def row(self) -> StoredRefusal:
        refused = self.refused
        return StoredRefusal(
            refusal_id=new_ordered_identifier(),
            request_id=refused.request_id,
            at=self.at,
            error=refused.error[:80],
            reason=refused.reason,
            rule=self.rule,
            status=refused.status,
            method=refused.method,
            path=refused.path,
            client_id=refused.client_id,
            user_id=refused.user_id,
            network=refused.network,
            count=self.count,
        )


class ActivityCollector:
    """Bounded buffer of what requests do. The sums stay right if it is full."""

    def __init__(self, clock: Clock, *, keeps_refusals: bool) -> None:
        self._clock = clock
        self._maximum_rows = MAXIMUM_ROWS if keeps_refusals else 0
        self._returned: Sequence[StoredRefusal] = ()
        self._begin()

    def refused(self, refused: RefusedRequest) -> None:
        """Count a refused request, and store it unless there are too many like it."""
        rule = rule_for(refused.error, refused.reason).code
        self._count(OF_REFUSALS, rule)
        if self._maximum_rows == 0:
            return
        group = self._of_network.get((rule, refused.network))
        if (
            len(group or ()) < MAXIMUM_ROWS_OF_NETWORK
            and self._rows_of_rule[rule] < MAXIMUM_ROWS_OF_RULE
            and len(self._samples) < self._maximum_rows
        ):
            sample = Sample(_shortened(refused), rule, self._clock.now())
            self._of_network.setdefault((rule, refused.network), []).append(sample)
            self._rows_of_rule[rule] += 1
            self._samples.append(sample)
        elif group:
            group[-1].count += 1
        else:
            self._count(OF_DROPPED, "")

    def token_issued(self, client_id: str) -> None:
        self._count(OF_TOKENS, client_id)

    def audited(self, action: AuditAction) -> None:
        """Count an event of the audit log if it is a sign-in."""
        outcome = SIGN_INS.get(action)
        if outcome is not None:
            self._count(OF_SIGN_INS, outcome)

    def take(self) -> Batch:
        """Return what was collected, and begin the next batch."""
        rows = [*self._returned, *(sample.row() for sample in self._samples)]
        lost = sum(row.count for row in rows[MAXIMUM_ROWS:])
        if lost:
            self._counts[OF_DROPPED, ""] += lost
        batch = Batch(rows[:MAXIMUM_ROWS], self._counts)
        self._returned = ()
        self._begin()
        return batch

    def put_back(self, batch: Batch) -> None:
        """Return a batch that could not be written, to be part of the next one."""
        self._returned = batch.refusals
        for (kind, key), count in batch.counts.items():
            self._count(kind, key, count)

    def _begin(self) -> None:
        self._counts: Counts = Counter()
        self._samples: list[Sample] = []
        self._of_network: dict[tuple[str, str], list[Sample]] = {}
        self._rows_of_rule: Counter[str] = Counter()

    def _count(self, kind: str, key: str, count: int = 1) -> None:
        if (kind, key) not in self._counts and len(self._counts) >= MAXIMUM_KEYS:
            key = ""
        self._counts[kind, key] += count


def _shortened(refused: RefusedRequest) -> RefusedRequest:
    """Return a refusal with no more of its request than is stored: it may have a long path."""
    return refused._replace(method=loggable(refused.method)[:20], path=loggable(refused.path))
