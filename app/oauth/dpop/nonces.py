"""Nonces for proofs (RFC 9449 section 8), which no worker has to store.

A nonce is derived from SECRET_KEY and the time. There is a new one every five minutes, and the one
before it is still good.
"""

import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from app.security.comparison import texts_match
from app.security.encryption import derive_key
from app.security.key_proofs import encoded
from app.security.purposes import Purpose

PERIOD = timedelta(minutes=5)
GOOD_PERIODS = 2
NONCE_BYTES = 24


class DpopNonces:
    """Nonces; `secret_keys` are the current SECRET_KEY and those that it replaces."""

    def __init__(self, secret_keys: Sequence[bytes]) -> None:
        self._keys = [derive_key(key, purpose=Purpose.DPOP_NONCES) for key in secret_keys]

    def current(self, now: datetime) -> str:
        return _nonce(self._keys[0], _period_of(now))

    def expiry_of(self, nonce: str, now: datetime) -> datetime | None:
        """Return when a nonce that is good now ceases to be, or None for any other."""
        current, expires_at = _period_of(now), None
        for period in range(current - GOOD_PERIODS + 1, current + 1):
            for key in self._keys:
                if texts_match(nonce, _nonce(key, period)):
                    expires_at = _start_of(period + GOOD_PERIODS)
        return expires_at


def _period_of(now: datetime) -> int:
    return int(now.timestamp() // PERIOD.total_seconds())


def _start_of(period: int) -> datetime:
    return datetime.fromtimestamp(period * PERIOD.total_seconds(), UTC)


def _nonce(key: bytes, period: int) -> str:
    return encoded(hmac.digest(key, period.to_bytes(8, "big"), "sha256")[:NONCE_BYTES])
