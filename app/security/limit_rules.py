"""How many tries are free, and how long each further one waits: pure arithmetic.

A sliding window is estimated from two fixed ones: the one that runs, and as much of the one before
as the window still covers. Once the free tries of a window are used up, each further try has its
turn after a delay that doubles. So a stranger slows an account down and never locks it for good.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Rule:
    """`free` tries in `window` seconds. Without `longest_delay` there are no turns after them.

    Delays begin with the time that one free try takes and end at `longest_delay` seconds; they
    are forgotten after `memory` quiet seconds.
    """

    name: str
    free: int
    window: float
    longest_delay: float = 0.0
    memory: float = 3600.0

    @property
    def first_delay(self) -> float:
        return self.window / self.free

    def delay(self, strikes: int) -> float:
        return min(self.first_delay * 2.0 ** min(strikes - 1, 60), self.longest_delay)


@dataclass(frozen=True, slots=True)
class Count:
    """What is remembered of one key. `window` is the number of the window that runs."""

    window: int = 0
    current: int = 0
    previous: int = 0
    strikes: int = 0
    blocked_until: float = 0.0


NOTHING = Count()


def tried(rule: Rule, count: Count, *, now: float) -> tuple[Count, float]:
    """What is remembered after one more try, and the seconds until it may be made: zero for now.

    `now` is in seconds since the epoch. A try that is refused counts no further.
    """
    count = _slid(rule, count, now=now)
    if now < count.blocked_until:
        return count, count.blocked_until - now
    if count.strikes == 0 and _weight(rule, count, now=now) + 1 <= rule.free:
        return replace(count, current=count.current + 1), 0.0
    if not rule.longest_delay:
        return count, rule.first_delay
    strikes = count.strikes + 1
    blocked = replace(count, strikes=strikes, blocked_until=now + rule.delay(strikes))
    if strikes == 1:
        return blocked, rule.first_delay
    return blocked, 0.0


def taken_back(count: Count) -> Count:
    """A try that was right after all does not count."""
    return replace(count, current=max(0, count.current - 1))


def lasts(rule: Rule, count: Count, *, now: float) -> float:
    """For how many seconds from now this has to be remembered."""
    if count.strikes:
        return max(0.0, count.blocked_until - now) + rule.memory
    return 2 * rule.window


def _slid(rule: Rule, count: Count, *, now: float) -> Count:
    window = int(now // rule.window)
    if window == count.window:
        return count
    is_next = window == count.window + 1
    return replace(count, window=window, previous=count.current if is_next else 0, current=0)


def _weight(rule: Rule, count: Count, *, now: float) -> float:
    covered = 1.0 - (now % rule.window) / rule.window
    return count.previous * covered + count.current
