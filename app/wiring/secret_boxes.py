"""Boxes that seal stored values under keys derived from SECRET_KEY."""

from collections.abc import Sequence

from app.repositories.operations.sealed_values import SealedKind
from app.security.encryption import SecretBox
from app.security.purposes import Purpose
from app.settings import Settings


def box_for(settings: Settings, purpose: Purpose) -> SecretBox:
    """Return a box that seals under the current SECRET_KEY and opens with any listed key."""
    return SecretBox(secret_keys(settings), purpose=purpose)


def settings_box(settings: Settings) -> SecretBox:
    """Return the box that seals the operator's secrets for the environment."""
    return box_for(settings, Purpose.SETTINGS)


def secret_keys(settings: Settings) -> list[str]:
    """Return the current key, followed by those whose sealed values can still be opened."""
    keys = [settings.secret_key] if settings.secret_key is not None else []
    return [key.get_secret_value() for key in (*keys, *settings.secret_key_previous)]


def sealed_kinds(secrets: Sequence[str]) -> dict[SealedKind, SecretBox]:
    """Return the box that opens each kind of sealed value."""
    return {kind: SecretBox(secrets, purpose=kind.purpose) for kind in SealedKind}
