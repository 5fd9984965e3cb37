"""Rate-limit decisions on stored counts, independent of the storage; pure, as `limit_rules`."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from app.security.limit_rules import NOTHING, Attempt, Count, Rule, lasts, tried, wait_for

MILLISECONDS = 1000


class CountRow(NamedTuple):
    """A stored count; `blocked_until` is in milliseconds."""

    window: int
    current: int
    previous: int
    strikes: int
    blocked_until: int
    expires_at: datetime


class CountedAttempts(NamedTuple):
    """An attempt to be judged. If it is right and `clears`, the counts of `forgets` are reset."""

    attempts: Sequence[Attempt]
    now: datetime
    is_right: bool
    clears: bool
    forgets: Sequence[Attempt] = ()


Rows = Mapping[bytes, CountRow]
_Change = tuple[bytes, Rule, Count]


def wait_by(attempts: Sequence[Attempt], rows: Rows, *, now: datetime) -> float:
    """Return the seconds until an attempt is allowed, by the stored counts, without counting it."""
    waits = (
        wait_for(
            counted.rule,
            _count(rows, _key(counted), now),
            _count(rows, _backoff_key(counted), now) if counted.backoff_key is not None else None,
            now=now.timestamp(),
        )
        for counted in attempts
    )
    return max(waits, default=0.0)


def judge(
    attempts: Sequence[CountedAttempts], rows: Rows
) -> tuple[list[float], dict[bytes, CountRow]]:
    """Return the seconds each attempt has to wait, in the same order, and the changed rows.

    An allowed attempt counts under every rule, a refused one only under the rules that refuse it.
    """
    updated = dict(rows)
    waits = []
    for attempt in attempts:
        allowed: list[_Change] = []
        refused: list[_Change] = []
        longest = 0.0
        for counted in attempt.attempts:
            changes, wait = _after(counted, updated, now=attempt.now, is_right=attempt.is_right)
            longest = max(longest, wait)
            (refused if wait else allowed).extend(changes)
        if attempt.is_right and not longest and attempt.clears:
            allowed = [
                (key, rule, NOTHING if rule.is_cleared_by_success else count)
                for key, rule, count in allowed
            ]
            allowed += [
                (key, counted.rule, NOTHING)
                for counted in attempt.forgets
                for key in _keys(counted)
            ]
        for key, rule, count in refused if longest else allowed:
            if count != _count(updated, key, attempt.now):
                updated[key] = _row(rule, count, attempt.now)
        waits.append(longest)
    return waits, {key: row for key, row in updated.items() if row != rows.get(key)}


def is_counted(rows: Rows, key: bytes, *, now: datetime) -> bool:
    """Return whether a count is stored under a key and has not expired."""
    return _count(rows, key, now) != NOTHING


def keys_of(attempts: Sequence[Attempt]) -> list[bytes]:
    """Return the keys of the counts: digests, because names identify users and IP addresses."""
    return sorted({key for counted in attempts for key in _keys(counted)})


def _after(
    each: Attempt, known: Rows, *, now: datetime, is_right: bool
) -> tuple[list[_Change], float]:
    """Return the counts after an attempt, and the seconds to wait."""
    key, backoff_key = _keys(each)
    count, backoff, wait = tried(
        each.rule,
        _count(known, key, now),
        _count(known, backoff_key, now) if backoff_key != key else None,
        now=now.timestamp(),
        is_right=is_right,
    )
    changes: list[_Change] = [(key, each.rule, count)]
    if backoff is not None:
        changes.append((backoff_key, each.rule, backoff))
    return changes, wait


def _count(rows: Rows, key: bytes, now: datetime) -> Count:
    row = rows.get(key)
    if row is None or row.expires_at <= now:
        return NOTHING
    return Count(
        row.window, row.current, row.previous, row.strikes, row.blocked_until / MILLISECONDS
    )


def _row(rule: Rule, count: Count, now: datetime) -> CountRow:
    seconds = lasts(rule, count, now=now.timestamp())
    return CountRow(
        count.window,
        count.current,
        count.previous,
        count.strikes,
        round(count.blocked_until * MILLISECONDS),
        datetime.fromtimestamp(now.timestamp() + seconds, UTC),
    )


def _keys(each: Attempt) -> tuple[bytes, bytes]:
    return _key(each), _backoff_key(each)


def _key(each: Attempt) -> bytes:
    return _digest(each.rule.name, each.name)


def _backoff_key(each: Attempt) -> bytes:
    if each.backoff_key is None:
        return _key(each)
    return _digest(f"{each.rule.name} turns", each.backoff_key)


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).digest()
