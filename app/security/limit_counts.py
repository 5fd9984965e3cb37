"""Judging attempts by stored counts, wherever these are stored: pure, as `limit_rules`."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from app.security.limit_rules import NOTHING, Count, Rule, Try, lasts, tried, wait_for

MILLISECONDS = 1000


class CountRow(NamedTuple):
    """A count as it is stored; `blocked_until` is in milliseconds."""

    window: int
    current: int
    previous: int
    strikes: int
    blocked_until: int
    expires_at: datetime


class Attempt(NamedTuple):
    """What was tried. A right one that `clears` has `forgets` forgotten."""

    tries: Sequence[Try]
    now: datetime
    is_right: bool
    clears: bool
    forgets: Sequence[Try] = ()


Rows = Mapping[bytes, CountRow]
_Change = tuple[bytes, Rule, Count]


def wait_by(tries: Sequence[Try], rows: Rows, *, now: datetime) -> float:
    """Return the seconds until a try may be made, by what is known without counting it."""
    waits = (
        wait_for(
            each.rule,
            _count(rows, _key(each), now),
            _count(rows, _turns_key(each), now) if each.turns is not None else None,
            now=now.timestamp(),
        )
        for each in tries
    )
    return max(waits, default=0.0)


def judge(attempts: Sequence[Attempt], rows: Rows) -> tuple[list[float], dict[bytes, CountRow]]:
    """Return the seconds that each attempt has to wait, in their order, and the changed rows.

    A try counts under each rule, or, where one of them refuses, only under those that do.
    """
    known = dict(rows)
    waits = []
    for one in attempts:
        allowed: list[_Change] = []
        refused: list[_Change] = []
        longest = 0.0
        for each in one.tries:
            changes, wait = _after(each, known, now=one.now, is_right=one.is_right)
            longest = max(longest, wait)
            (refused if wait else allowed).extend(changes)
        if one.is_right and not longest and one.clears:
            allowed = [
                (key, rule, NOTHING if rule.is_cleared_by_success else count)
                for key, rule, count in allowed
            ]
            allowed += [(key, each.rule, NOTHING) for each in one.forgets for key in _keys(each)]
        for key, rule, count in refused if longest else allowed:
            if count != _count(known, key, one.now):
                known[key] = _row(rule, count, one.now)
        waits.append(longest)
    return waits, {key: row for key, row in known.items() if row != rows.get(key)}


def is_counted(rows: Rows, key: bytes, *, now: datetime) -> bool:
    """Whether anything is remembered under a key."""
    return _count(rows, key, now) != NOTHING


def keys_of(tries: Sequence[Try]) -> list[bytes]:
    """Return what tries are counted under; names are of people and addresses, so only digests."""
    return sorted({key for each in tries for key in _keys(each)})


def _after(each: Try, known: Rows, *, now: datetime, is_right: bool) -> tuple[list[_Change], float]:
    """What is remembered of a try, and the seconds to wait."""
    key, turns_key = _keys(each)
    count, turns, wait = tried(
        each.rule,
        _count(known, key, now),
        _count(known, turns_key, now) if turns_key != key else None,
        now=now.timestamp(),
        is_right=is_right,
    )
    changes: list[_Change] = [(key, each.rule, count)]
    if turns is not None:
        changes.append((turns_key, each.rule, turns))
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


def _keys(each: Try) -> tuple[bytes, bytes]:
    return _key(each), _turns_key(each)


def _key(each: Try) -> bytes:
    return _digest(each.rule.name, each.name)


def _turns_key(each: Try) -> bytes:
    if each.turns is None:
        return _key(each)
    return _digest(f"{each.rule.name} turns", each.turns)


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).digest()
