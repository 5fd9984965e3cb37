"""The rate-limit algorithm on rows that a store has read and will write; pure, without storage."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from app.security.limit_algorithm import count_attempt, lasts, remaining_wait
from app.security.limit_rules import NOTHING, Attempt, AttemptOutcome, Count, LimitState, Rule

MILLISECONDS = 1000


class CountRow(NamedTuple):
    """A stored count; `blocked_until` is in milliseconds."""

    window: int
    current: int
    previous: int
    strikes: int
    blocked_until: int
    expires_at: datetime


Rows = Mapping[bytes, CountRow]


def wait_by(attempts: Sequence[Attempt], rows: Rows, *, now: datetime) -> float:
    """Return the seconds until an attempt is allowed, by the stored counts, without counting it."""
    states = [_state(attempt, rows, now) for attempt in attempts]
    return remaining_wait(states, now=now.timestamp())


def judge(
    outcomes: Sequence[AttemptOutcome], rows: Rows
) -> tuple[list[float], dict[bytes, CountRow]]:
    """Return the seconds each attempt has to wait, in the same order, and the changed rows."""
    updated = dict(rows)
    waits = [_count(outcome, updated) for outcome in outcomes]
    return waits, {key: row for key, row in updated.items() if row != rows.get(key)}


def is_counted(rows: Rows, key: bytes, *, now: datetime) -> bool:
    """Return whether a count is stored under a key and has not expired."""
    return _stored(rows, key, now) != NOTHING


def keys_of(attempts: Sequence[Attempt]) -> list[bytes]:
    """Return the keys of the counts, in one order for all processes."""
    return sorted({key for attempt in attempts for key in attempt.keys})


def _count(outcome: AttemptOutcome, rows: dict[bytes, CountRow]) -> float:
    """Count an attempt in the rows and return the seconds to wait."""
    states = [_state(attempt, rows, outcome.now) for attempt in outcome.attempts]
    wait, is_cleared = count_attempt(
        states, now=outcome.now.timestamp(), is_right=outcome.is_right, clears=outcome.clears
    )
    changes: list[tuple[bytes, Rule, Count]] = []
    for attempt, state in zip(outcome.attempts, states, strict=True):
        key, backoff_key = attempt.keys
        changes.append((key, state.rule, state.next_count))
        if state.backoff is not None and state.next_backoff is not None:
            changes.append((backoff_key, state.rule, state.next_backoff))
    for attempt in outcome.forgets if is_cleared else ():
        changes += [(key, attempt.rule, NOTHING) for key in attempt.keys]
    for key, rule, count in changes:
        if count != _stored(rows, key, outcome.now):
            rows[key] = _row(rule, count, outcome.now)
    return wait


def _state(attempt: Attempt, rows: Rows, now: datetime) -> LimitState:
    key, backoff_key = attempt.keys
    backoff = _stored(rows, backoff_key, now) if backoff_key != key else None
    return LimitState(attempt.rule, _stored(rows, key, now), backoff)


def _stored(rows: Rows, key: bytes, now: datetime) -> Count:
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
        count.backoff_level,
        round(count.blocked_until * MILLISECONDS),
        datetime.fromtimestamp(now.timestamp() + seconds, UTC),
    )
