"""Time-based one-time passwords (RFC 6238): SHA-1, 6 digits, 30 seconds, one step of drift."""

import hmac
from datetime import datetime

import pyotp

from app.security.text import typed_code

SECRET_LENGTH = 32  # base32 characters: 160 bits
STEP_SECONDS = 30
DIGITS = 6
DRIFT_STEPS = 1
MAXIMUM_DRIFT = 10
MAXIMUM_AHEAD = 2
"""Steps by which the last code may be ahead of the clock of the device: one for a device that is
early, one for a clock that is corrected a little."""
_ASCII_DIGITS = frozenset("0123456789")


def new_secret() -> str:
    return pyotp.random_base32(length=SECRET_LENGTH)


def provisioning_uri(secret: str, *, username: str, issuer: str) -> str:
    """The `otpauth://` URI that authenticator apps read from a QR code."""
    return str(pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=issuer))


def matching_step(secret: str, code: str, *, now: datetime, drift: int = 0) -> int | None:
    """The time step that a code belongs to, within one step of now; None if it is wrong.

    Now is what the clock of the device shows, which is `drift` steps ahead of ours. The caller
    keeps the step, since a code counts only once (RFC 6238 section 5.2).
    """
    digits = normalize(code)
    if digits is None:
        return None
    totp = pyotp.TOTP(secret)
    current = step_at(now) + drift
    found = None
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        if hmac.compare_digest(totp.generate_otp(max(step, 0)), digits):
            found = step
    return found


def drift_of(step: int, *, now: datetime) -> int:
    """By how many steps the device is ahead, or behind, whose code of a step was right."""
    return max(-MAXIMUM_DRIFT, min(MAXIMUM_DRIFT, step - step_at(now)))


def latest_step(*, now: datetime, drift: int = 0) -> int:
    """Return the latest step that a used code can have, unless a clock was set back since."""
    return step_at(now) + drift + MAXIMUM_AHEAD


def step_at(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def normalize(code: str) -> str | None:
    """Six ASCII digits, however people space them; None for anything else."""
    digits = typed_code(code)
    return digits if len(digits) == DIGITS and _ASCII_DIGITS.issuperset(digits) else None
