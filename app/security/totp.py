"""Time-based one-time passwords (RFC 6238): SHA-1, 6 digits, 30 seconds, one step of drift."""

import base64
import hmac
from datetime import datetime

import pyotp

from app.security.text import typed_code

SECRET_LENGTH = 32  # base32 characters: 160 bits
IMPORTED_SECRET_BYTES = range(10, 129)
STEP_SECONDS = 30
DIGITS = 6
DRIFT_STEPS = 1
MAXIMUM_DRIFT = 10
MAXIMUM_AHEAD = 2
"""Steps by which the last code may be ahead of the device's clock: one for a device that is
early, one for a clock that is corrected slightly."""
_ASCII_DIGITS = frozenset("0123456789")


def new_secret() -> str:
    return pyotp.random_base32(length=SECRET_LENGTH)


def imported_secret(text: str) -> str:
    """Return a base32 secret of another server as it is stored; raise `ValueError` for other text.

    Case, spaces, hyphens and padding do not matter.
    """
    secret = text.upper().replace(" ", "").replace("-", "").rstrip("=")
    try:
        key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    except ValueError:
        key = b""
    if len(key) not in IMPORTED_SECRET_BYTES:
        raise ValueError("must be a TOTP secret in base32, of 80 bits or more")
    return secret


def provisioning_uri(secret: str, *, username: str, issuer: str) -> str:
    """Return the `otpauth://` URI that authenticator apps read from a QR code."""
    return str(pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=issuer))


def matching_step(secret: str, code: str, *, now: datetime, drift: int = 0) -> int | None:
    """Return the time step of a code, within one step of now, or None if the code is wrong.

    Now is the time on the device's clock, which is `drift` steps ahead of the server's. The caller
    stores the step, because each code is accepted only once (RFC 6238 section 5.2).
    """
    digits = normalize(code)
    if digits is None:
        return None
    totp = pyotp.TOTP(secret)
    current = step_at(now) + drift
    matching = None
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        if hmac.compare_digest(totp.generate_otp(max(step, 0)), digits):
            matching = step
    return matching


def drift_of(step: int, *, now: datetime) -> int:
    """Return by how many steps a device is ahead (or behind, if negative), from a code's step."""
    return max(-MAXIMUM_DRIFT, min(MAXIMUM_DRIFT, step - step_at(now)))


def latest_step(*, now: datetime, drift: int = 0) -> int:
    """Return the latest step that a used code can have, unless a clock has been set back since."""
    return step_at(now) + drift + MAXIMUM_AHEAD


def step_at(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def normalize(code: str) -> str | None:
    """Return six ASCII digits, however they were spaced, or None for anything else."""
    digits = typed_code(code)
    return digits if len(digits) == DIGITS and _ASCII_DIGITS.issuperset(digits) else None
