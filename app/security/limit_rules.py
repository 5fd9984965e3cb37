"""Rate limits and back-off as pure arithmetic: how many attempts are free, how long others wait.

The sliding window is estimated from two fixed ones: the current window, and the part of the
previous one that the sliding window still covers. Once the free attempts of a window are used up,
each further attempt is allowed after a delay that doubles. An attacker can therefore slow an
account down but never lock it for good. Free attempts may be counted under one name and the
back-off under another: each user then has their own back-off, which other callers cannot use up.
"""

import math
from dataclasses import dataclass, replace


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
    def adds_up(self) -> bool:
        return math.isinf(self.window)

    def delay(self, strikes: int) -> float:
        return min(self.shortest_delay * 2.0 ** min(strikes - 1, 60), self.longest_delay)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt counted under `name`; its back-off under `backoff_key`, or `name` if None."""

    rule: Rule
    name: str
    backoff_key: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """The stored state of one name. `window` is the number of the current window.

    `strikes` is the back-off level; if the back-off is counted under another name, it is 1 once
    the free attempts are used up.
    """

    window: int = 0
    current: int = 0
    previous: int = 0
    strikes: int = 0
    blocked_until: float = 0.0

    @property
    def is_empty(self) -> bool:
        return not (self.current or self.previous or self.strikes or self.blocked_until)


NOTHING = Count()
ROUNDING = 1e-6


def tried(
    rule: Rule, count: Count, backoff: Count | None, *, now: float, is_right: bool
) -> tuple[Count, Count | None, float]:
    """Return the counts after one more attempt, and the seconds until it is allowed: zero for now.

    `now` is in seconds since the epoch. A refused attempt is not counted, and a right one does not
    use up a free attempt, but is refused when a wrong one would be. Counts that are returned
    unchanged need not be stored.
    """
    clamped = _clamped(rule, count, now=now)
    count = _slid(rule, clamped, now=now)
    backoff = _clamped(rule, backoff, now=now) if backoff is not None else None
    wait = (backoff or count).blocked_until - now
    if wait > 0:
        return clamped, backoff, wait
    if count.strikes == 0 and _weight(rule, count, now=now) + 1 <= rule.free + ROUNDING:
        return (clamped if is_right else replace(count, current=count.current + 1)), backoff, 0.0
    if not rule.longest_delay:
        return clamped, backoff, room_in(rule, count, passed=_passed(rule, count, now=now))
    strikes = (backoff or count).strikes + 1
    delay = rule.delay(strikes)
    wait = delay if strikes == 1 else 0.0
    if backoff is None:
        return replace(count, strikes=strikes, blocked_until=now + delay), None, wait
    next_turns = replace(backoff, strikes=strikes, blocked_until=now + delay)
    return replace(count, strikes=1), next_turns, wait


def wait_for(rule: Rule, count: Count, backoff: Count | None, *, now: float) -> float:
    """Return the seconds until an attempt is allowed, by the stored counts, without counting it.

    Also zero if `tried` has to start a delay, or to correct one.
    """
    remaining = left_of(rule, backoff or count, now=now)
    if remaining > 0 or rule.longest_delay:
        return remaining
    return tried(rule, count, backoff, now=now, is_right=True)[2]


def left_of(rule: Rule, count: Count, *, now: float) -> float:
    """Return the remaining seconds of a delay, without counting.

    Also zero if they exceed the longest delay, which `tried` has to correct.
    """
    remaining = count.blocked_until - now
    return remaining if 0 < remaining <= _longest(rule) else 0.0


def room_in(rule: Rule, count: Count, *, passed: float) -> float:
    """Return the seconds until an attempt is free; `passed` is the elapsed part of the window."""
    if count.current + 1 <= rule.free:
        needed = 1.0 - (rule.free - 1 - count.current) / max(count.previous, 1)
    else:
        needed = 2.0 - (rule.free - 1) / count.current
    return max(0.0, needed - passed) * rule.window or rule.window / rule.free


def lasts(rule: Rule, count: Count, *, now: float) -> float:
    """Return for how many seconds from now a count has to be stored."""
    if rule.adds_up:
        return max(rule.memory, count.blocked_until - now)
    if count.strikes:
        return max(0.0, count.blocked_until - now) + rule.memory
    return 2 * rule.window


def _clamped(rule: Rule, count: Count, *, now: float) -> Count:
    """Limit a delay to the longest one from now, in case a clock was set back."""
    latest = now + _longest(rule)
    return replace(count, blocked_until=latest) if count.blocked_until > latest else count


def _longest(rule: Rule) -> float:
    return rule.longest_delay or 2 * rule.window


def _slid(rule: Rule, count: Count, *, now: float) -> Count:
    """Move the count to the current window, unless its window lies in the future: another server's
    clock is ahead, or this one's was set back."""
    window = int(now // rule.window)
    if window <= count.window:
        return count
    is_next = window == count.window + 1
    return replace(count, window=window, previous=count.current if is_next else 0, current=0)


def _weight(rule: Rule, count: Count, *, now: float) -> float:
    return count.previous * (1.0 - _passed(rule, count, now=now)) + count.current


def _passed(rule: Rule, count: Count, *, now: float) -> float:
    """Return the elapsed part of the window of a count, from 0 to 1."""
    return min(1.0, max(0.0, now / rule.window - count.window))
