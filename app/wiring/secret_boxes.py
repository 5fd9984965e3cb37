"""Boxes that seal stored values under keys derived from SECRET_KEY."""

from collections.abc import Sequence

from app.repositories.operations import sealed_values
from app.security.encryption import SecretBox
from app.settings import Settings

# Part of the key derivation: with another label, stored values could not be opened.
OTP_SECRETS = "otp secrets"
SIGNING_KEYS = "signing keys"
PASSKEY_CHALLENGES = "passkey challenges"
MAIL_CODES = "mail codes"
MAILS = "mails"
UPSTREAM_SECRETS = "upstream secrets"
SEALED_SETTINGS = "settings"
KEY_CHECK = "key check"
AUDIT_CHECKPOINTS = "audit checkpoints"


def box_for(settings: Settings, purpose: str) -> SecretBox:
    """Return a box that seals under the current SECRET_KEY and opens with any listed key."""
    return SecretBox(secret_keys(settings), purpose=purpose)


def settings_box(settings: Settings) -> SecretBox:
    """Return the box that seals the operator's secrets for the environment."""
    return box_for(settings, SEALED_SETTINGS)


def secret_keys(settings: Settings) -> list[str]:
    """Return the current key, followed by those whose sealed values can still be opened."""
    keys = [settings.secret_key] if settings.secret_key is not None else []
    return [key.get_secret_value() for key in (*keys, *settings.secret_key_previous)]


def sealed_kinds(secrets: Sequence[str]) -> dict[str, SecretBox]:
    """Return the box that opens each kind of sealed value."""
    purposes = {
        sealed_values.OTP_SECRETS: OTP_SECRETS,
        sealed_values.SIGNING_KEYS: SIGNING_KEYS,
        sealed_values.UPSTREAM_SECRETS: UPSTREAM_SECRETS,
        sealed_values.MAILS: MAILS,
        sealed_values.AUDIT_CHECKPOINTS: AUDIT_CHECKPOINTS,
    }
    return {kind: SecretBox(secrets, purpose=purpose) for kind, purpose in purposes.items()}
