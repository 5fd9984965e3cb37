"""Ids of token families in what clients see of a token: sealed, and thus different each time."""

import base64
import binascii

from app.security.encryption import SealError, SecretBox


class SealedFamilies:
    """Seals ids in the context of the token that holds them, and for its client only."""

    def __init__(self, box: SecretBox) -> None:
        self._box = box

    def seal(self, family_id: str, *, kind: str, client_id: str) -> str:
        sealed = self._box.seal(family_id.encode(), context=_context(kind, client_id))
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")

    def open(self, sealed: str, *, kind: str, client_id: str) -> str | None:
        """Return the id, or None if it was sealed in another context or under an unknown key."""
        try:
            content = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
            return self._box.open(content, context=_context(kind, client_id)).decode()
        except (ValueError, binascii.Error, SealError):
            return None


def _context(kind: str, client_id: str) -> str:
    return f"{kind}\0{client_id}"
