"""How many tries are free, and how long each further one waits: pure arithmetic.

A sliding window is estimated from two fixed ones: the one that runs, and as much of the one before
as the window still covers. Once the free tries of a window are used up, each further try has its
turn after a delay that doubles. So a stranger slows an account down and never locks it for good.
Free tries may be counted for one name and turns for another: then everybody has turns of his own,
which nobody else can take.
"""

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Rule:
    """`free` tries in `window` seconds. Without `longest_delay` there are no turns after them.

    A `window` without end adds up failures until there was none for `memory` seconds.

    Delays begin with `shortest_delay` and end at `longest_delay` seconds; they are forgotten after
    `memory` quiet seconds, or by a success where `is_cleared_by_success`.
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
class Try:
    """A try that counts for `name`; its turns are those of `turns`, or of `name` too."""

    rule: Rule
    name: str
    turns: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """What is remembered of one name. `window` is the number of the window that runs.

    `strikes` is how many turns there were; of a name whose turns are counted elsewhere, whether
    its free tries are used up.
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
    rule: Rule, count: Count, turns: Count | None, *, now: float, is_right: bool
) -> tuple[Count, Count | None, float]:
    """What is remembered after one more try, and the seconds until it may be made: zero for now.

    `now` is in seconds since the epoch. A try that is refused counts no further, and one that
    is right is none of the free ones; but it is refused as well, where the wrong ones would be.
    What is returned unchanged need not be stored.
    """
    known = _clamped(rule, count, now=now)
    count = _slid(rule, known, now=now)
    turns = _clamped(rule, turns, now=now) if turns is not None else None
    wait = (turns or count).blocked_until - now
    if wait > 0:
        return known, turns, wait
    if count.strikes == 0 and _weight(rule, count, now=now) + 1 <= rule.free + ROUNDING:
        return (known if is_right else replace(count, current=count.current + 1)), turns, 0.0
    if not rule.longest_delay:
        return known, turns, room_in(rule, count, passed=_passed(rule, count, now=now))
    strikes = (turns or count).strikes + 1
    delay = rule.delay(strikes)
    wait = delay if strikes == 1 else 0.0
    if turns is None:
        return replace(count, strikes=strikes, blocked_until=now + delay), None, wait
    turn = replace(turns, strikes=strikes, blocked_until=now + delay)
    return replace(count, strikes=1), turn, wait


def wait_for(rule: Rule, count: Count, turns: Count | None, *, now: float) -> float:
    """The seconds until a try may be made, by what is known without counting it.

    Zero also where `tried` has to begin a delay, or to mend one.
    """
    left = left_of(rule, turns or count, now=now)
    if left > 0 or rule.longest_delay:
        return left
    return tried(rule, count, turns, now=now, is_right=True)[2]


def left_of(rule: Rule, count: Count, *, now: float) -> float:
    """The seconds of a delay that are left, by what is known without counting; zero also for
    more than any delay, which `tried` has to mend."""
    left = count.blocked_until - now
    return left if 0 < left <= _longest(rule) else 0.0


def room_in(rule: Rule, count: Count, *, passed: float) -> float:
    """The seconds until one more try is free; `passed` is how much of the window is over."""
    if count.current + 1 <= rule.free:
        needed = 1.0 - (rule.free - 1 - count.current) / max(count.previous, 1)
    else:
        needed = 2.0 - (rule.free - 1) / count.current
    return max(0.0, needed - passed) * rule.window or rule.window / rule.free


def lasts(rule: Rule, count: Count, *, now: float) -> float:
    """For how many seconds from now this has to be remembered."""
    if rule.adds_up:
        return max(rule.memory, count.blocked_until - now)
    if count.strikes:
        return max(0.0, count.blocked_until - now) + rule.memory
    return 2 * rule.window


def _clamped(rule: Rule, count: Count, *, now: float) -> Count:
    """After a clock was set back nobody waits for longer than the longest delay from now."""
    latest = now + _longest(rule)
    return replace(count, blocked_until=latest) if count.blocked_until > latest else count


def _longest(rule: Rule) -> float:
    return rule.longest_delay or 2 * rule.window


def _slid(rule: Rule, count: Count, *, now: float) -> Count:
    """A window that is to come stays: another server's clock is ahead, or ours was set back."""
    window = int(now // rule.window)
    if window <= count.window:
        return count
    is_next = window == count.window + 1
    return replace(count, window=window, previous=count.current if is_next else 0, current=0)


def _weight(rule: Rule, count: Count, *, now: float) -> float:
    return count.previous * (1.0 - _passed(rule, count, now=now)) + count.current


def _passed(rule: Rule, count: Count, *, now: float) -> float:
    """How much of the window that is counted in has passed, from 0 to 1."""
    return min(1.0, max(0.0, now / rule.window - count.window))
