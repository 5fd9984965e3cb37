"""What a signing key is used for, which follows from its times and those of its successors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from app.models.oauth.signing_keys import SigningKey


class KeyState(StrEnum):
    WAITING = "waiting"
    """Published; signs from a future instant."""
    SIGNING = "signing"
    PUBLISHED = "published"
    """Replaced; what it signed may still be valid."""
    RETIRED = "retired"
    """Verifies only hints (`id_token_hint`)."""


@dataclass(frozen=True, slots=True)
class PublishedKeys:
    """A JWK Set, and how long it may be cached."""

    jwks: dict[str, Any]
    max_age: timedelta


def state_of(
    key: SigningKey, keys: Sequence[SigningKey], *, now: datetime, published_after: timedelta
) -> KeyState:
    """Return the state of a key among all `keys`.

    `published_after` is how long a replaced key stays published.
    """
    ended_at = _ended_at(key, keys)
    if ended_at is None or ended_at > now:
        return KeyState.SIGNING if key.signs_from <= now else KeyState.WAITING
    return KeyState.PUBLISHED if ended_at + published_after > now else KeyState.RETIRED


def _ended_at(key: SigningKey, keys: Sequence[SigningKey]) -> datetime | None:
    """Return when a key stopped signing, which is when its successor began.

    Return None while it has no successor.
    """
    successor_starts = [
        other.signs_from
        for other in keys
        if other.algorithm == key.algorithm and other.generation > key.generation
    ]
    return min(successor_starts, default=None)
