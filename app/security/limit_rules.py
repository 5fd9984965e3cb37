"""What the rate limits are made of: rules, attempts, counts, and the interface of their stores."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Rule:
    """`free` attempts in `window` seconds. Without `longest_delay`, none are allowed after them.

    An infinite `window` adds up failures until none has occurred for `memory` seconds.

    Delays grow from `shortest_delay` to `longest_delay` seconds. They are reset after `memory`
    seconds without an attempt, or by a success if `is_cleared_by_success`.
    """

    name: str
    free: int
    window: float
    shortest_delay: float = 0.0
    longest_delay: float = 0.0
    memory: float = 3600.0
    is_cleared_by_success: bool = False

    @property
    def is_cumulative(self) -> bool:
        return math.isinf(self.window)


@dataclass(frozen=True)
class Attempt:
    """An attempt counted under `name`; its back-off under `backoff_key`, or `name` if None."""

    rule: Rule
    name: str
    backoff_key: str | None = None

    @cached_property
    def keys(self) -> tuple[bytes, bytes]:
        """The keys of the count and of its back-off, which may be the same.

        They are digests, because names identify users and IP addresses.
        """
        key = _digest(f"{self.rule.name}\x00{self.name}")
        if self.backoff_key is None:
            return key, key
        return key, _digest(f"{self.rule.name} turns\x00{self.backoff_key}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptOutcome:
    """An attempt to be counted under each of its rules.

    If it is right and `clears`, it resets the counts whose rule is cleared by a success, and those
    of `forgets`.
    """

    attempts: Sequence[Attempt]
    now: datetime
    is_right: bool
    clears: bool
    forgets: Sequence[Attempt] = ()


class LimitStore(Protocol):
    """Storage in which attempts are counted, by the rules in `app.security.limit_algorithm`."""

    async def wait(self, attempts: Sequence[Attempt], *, now: datetime) -> float:
        """Return the seconds until an attempt is allowed, without counting it."""
        ...

    async def take(self, outcome: AttemptOutcome) -> float:
        """Count an attempt and return the seconds to wait, or zero if its outcome may be revealed.

        Reading and writing are one step: of simultaneous attempts no more are allowed than of
        consecutive ones.
        """
        ...

    async def forget(self, attempts: Sequence[Attempt], *, now: datetime) -> None:
        """Reset the counts of these attempts; costs a look-up if they have none."""
        ...


@dataclass(frozen=True, slots=True)
class Count:
    """The stored state of one name. `window` is the number of the current window.

    `backoff_level` grows with each delayed attempt; if the back-off is counted under another name,
    it is 1 once the free attempts are used up.
    """

    window: int = 0
    current: int = 0
    previous: int = 0
    backoff_level: int = 0
    blocked_until: float = 0.0


NOTHING = Count()


@dataclass(slots=True)
class LimitState:
    """The counts of one attempt under one rule, and those after it.

    `backoff` is None if the back-off is part of `count`. `wait` is how many seconds this rule makes
    the attempt wait.
    """

    rule: Rule
    count: Count
    backoff: Count | None
    next_count: Count = NOTHING
    next_backoff: Count | None = None
    wait: float = 0.0


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
