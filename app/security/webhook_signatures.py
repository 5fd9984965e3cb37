"""Secrets and signatures of webhooks (Standard Webhooks 1.0)."""

import base64
import hmac
import os
from collections.abc import Sequence

PREFIX = "whsec_"
SECRET_LENGTH = 32


def new_webhook_secret() -> str:
    """Create a secret: 256 random bits, in the form that the libraries of receivers expect."""
    return PREFIX + base64.b64encode(os.urandom(SECRET_LENGTH)).decode("ascii")


def webhook_signatures(
    secrets: Sequence[str], *, delivery_id: str, timestamp: int, body: bytes
) -> str:
    """Return the value of the header `webhook-signature`: one signature for each secret."""
    signed = f"{delivery_id}.{timestamp}.".encode("ascii") + body
    return " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets)


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode("ascii")
