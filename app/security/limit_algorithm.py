"""The rate-limit algorithm as pure arithmetic: which attempts are allowed, how long others wait.

The sliding window is estimated from two fixed ones: the current window, and the part of the
previous one that the sliding window still covers. Once the free attempts of a window are used up,
each further attempt is allowed after a delay that doubles. An attacker can therefore slow an
account down but never lock it for good. Free attempts may be counted under one name and the
back-off under another: each user then has their own back-off, which other callers cannot use up.

Redis runs the same functions, translated to Lua by `make limit-script`; see `tools.limit_script`
for the part of Python that can be translated.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from app.security.limit_rules import NOTHING, Count, LimitState, Rule

ROUNDING = 1e-6


def count_attempt(
    states: Sequence[LimitState], *, now: float, is_right: bool, clears: bool
) -> tuple[float, bool]:
    """Set the next counts; return the seconds to wait, and whether the success clears counts.

    An allowed attempt counts under every rule, a refused one only under the rules that refuse it.
    """
    longest = 0.0
    for state in states:
        state.next_count, state.next_backoff, state.wait = tried(
            state.rule, state.count, state.backoff, now=now, is_right=is_right
        )
        longest = max(longest, state.wait)
    is_cleared = is_right and clears and longest == 0.0
    for state in states:
        if longest > 0.0 and state.wait == 0.0:
            state.next_count = state.count
            state.next_backoff = state.backoff
        if is_cleared and state.rule.is_cleared_by_success:
            state.next_count = NOTHING
            state.next_backoff = NOTHING
    return longest, is_cleared


def remaining_wait(states: Sequence[LimitState], *, now: float) -> float:
    """Return the seconds until an attempt is allowed, without counting it."""
    longest = 0.0
    for state in states:
        longest = max(longest, wait_for(state.rule, state.count, state.backoff, now=now))
    return longest


def tried(
    rule: Rule, count: Count, backoff: Count | None, *, now: float, is_right: bool
) -> tuple[Count, Count | None, float]:
    """Return the counts after one more attempt, and the seconds until it is allowed: zero for now.

    `now` is in seconds since the epoch. A refused attempt is not counted, and a right one does not
    use up a free attempt, but is refused when a wrong one would be. Counts that are returned
    unchanged need not be stored.
    """
    clamped = _clamped(rule, count, now=now)
    slid = _slid(rule, clamped, now=now)
    if backoff is not None:
        backoff = _clamped(rule, backoff, now=now)
    delayed = slid if backoff is None else backoff
    wait = delayed.blocked_until - now
    if wait > 0.0:
        return clamped, backoff, wait
    if slid.backoff_level == 0 and _weight(rule, slid, now=now) + 1 <= rule.free + ROUNDING:
        if is_right:
            return clamped, backoff, 0.0
        return replace(slid, current=slid.current + 1), backoff, 0.0
    if rule.longest_delay == 0.0:
        return clamped, backoff, _wait_for_room(rule, slid, now=now)
    backoff_level = delayed.backoff_level + 1
    delay = _delay(rule, backoff_level)
    wait = delay if backoff_level == 1 else 0.0
    if backoff is None:
        return replace(slid, backoff_level=backoff_level, blocked_until=now + delay), None, wait
    next_backoff = replace(backoff, backoff_level=backoff_level, blocked_until=now + delay)
    return replace(slid, backoff_level=1), next_backoff, wait


def wait_for(rule: Rule, count: Count, backoff: Count | None, *, now: float) -> float:
    """Return the seconds until an attempt is allowed under one rule, without counting it.

    Also zero if `tried` has to start a delay, or to correct one that exceeds the longest.
    """
    if rule.longest_delay == 0.0:
        _, _, wait = tried(rule, count, backoff, now=now, is_right=True)
        return wait
    delayed = count if backoff is None else backoff
    remaining = delayed.blocked_until - now
    return remaining if 0.0 < remaining <= _longest(rule) else 0.0


def lasts(rule: Rule, count: Count, *, now: float) -> float:
    """Return for how many seconds from now a count has to be stored."""
    if rule.is_cumulative:
        return max(rule.memory, count.blocked_until - now)
    if count.backoff_level > 0:
        return max(0.0, count.blocked_until - now) + rule.memory
    return 2 * rule.window


def _wait_for_room(rule: Rule, count: Count, *, now: float) -> float:
    """Return the seconds until an attempt is free."""
    if count.current + 1 <= rule.free:
        needed = 1.0 - (rule.free - 1 - count.current) / max(count.previous, 1)
    else:
        needed = 2.0 - (rule.free - 1) / count.current
    wait = max(0.0, needed - _passed(rule, count, now=now)) * rule.window
    return wait if wait > 0.0 else rule.window / rule.free


def _delay(rule: Rule, backoff_level: int) -> float:
    return min(rule.shortest_delay * 2.0 ** min(backoff_level - 1, 60), rule.longest_delay)


def _clamped(rule: Rule, count: Count, *, now: float) -> Count:
    """Limit a delay to the longest one from now, in case a clock was set back."""
    latest = now + _longest(rule)
    if count.blocked_until <= latest:
        return count
    return replace(count, blocked_until=latest)


def _longest(rule: Rule) -> float:
    return rule.longest_delay if rule.longest_delay > 0.0 else 2 * rule.window


def _slid(rule: Rule, count: Count, *, now: float) -> Count:
    """Move the count to the current window, unless its window lies in the future.

    Then another server's clock is ahead, or this one's was set back.
    """
    window = math.floor(now / rule.window)
    if window <= count.window:
        return count
    previous = count.current if window == count.window + 1 else 0
    return replace(count, window=window, previous=previous, current=0)


def _weight(rule: Rule, count: Count, *, now: float) -> float:
    return count.previous * (1.0 - _passed(rule, count, now=now)) + count.current


def _passed(rule: Rule, count: Count, *, now: float) -> float:
    """Return the elapsed part of the window of a count, from 0 to 1."""
    return min(1.0, max(0.0, now / rule.window - count.window))
