"""Operator secrets sealed in environment variables: `sealed:` and base64url."""

import base64
import binascii

from app.security.encryption import SealError, SecretBox

PREFIX = "sealed:"
CONTEXT = "setting"


def seal_setting(box: SecretBox, value: str) -> str:
    sealed = box.seal(value.encode(), context=CONTEXT)
    return PREFIX + base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def open_setting(box: SecretBox, value: str) -> str:
    """Return the secret, decrypted if it is sealed; raises `SealError`."""
    if not value.startswith(PREFIX):
        return value
    body = value.removeprefix(PREFIX).strip()
    try:
        sealed = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise SealError("not base64url") from None
    return box.open(sealed, context=CONTEXT).decode()
