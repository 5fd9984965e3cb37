"""Ids of token families in what clients see of a token: sealed, and thus different each time."""

import base64

from app.security.encryption import SealError, SecretBox


def sealed_id(box: SecretBox, family_id: str, *, context: str) -> str:
    sealed = box.seal(family_id.encode(), context=context)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")


def opened_id(box: SecretBox, sealed: str, *, context: str) -> str:
    """Return the id; raise `SealError` for another context, an unknown key or no sealed id."""
    try:
        content = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    except ValueError:
        raise SealError("not a sealed value") from None
    return box.open(content, context=context).decode()


class SealedFamilies:
    """Seals ids in the context of the token that holds them, and for its client only."""

    def __init__(self, box: SecretBox) -> None:
        self._box = box

    def seal(self, family_id: str, *, kind: str, client_id: str) -> str:
        return sealed_id(self._box, family_id, context=_context(kind, client_id))

    def open(self, sealed: str, *, kind: str, client_id: str) -> str | None:
        """Return the id, or None if it was sealed in another context or under an unknown key."""
        try:
            return opened_id(self._box, sealed, context=_context(kind, client_id))
        except (ValueError, SealError):
            return None


def _context(kind: str, client_id: str) -> str:
    return f"{kind}\0{client_id}"
