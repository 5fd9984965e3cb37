"""Subject identifiers (OpenID Connect Core section 8): public, or one for each sector."""

import base64
import hmac

from app.models.clients import Client
from app.models.users import User

SUBJECT_TYPES = ("public", "pairwise")


def subject_of(user: User, client: Client) -> str:
    """What a client knows a person by: never his name, always the same."""
    return subject_for(
        user.user_id, salt=user.pairwise_salt, sector_identifier=client.sector_identifier
    )


def subject_for(user_id: str, *, salt: bytes, sector_identifier: str | None) -> str:
    """The person's identifier, or what only his sector can know of it (section 8.1)."""
    if sector_identifier is None:
        return user_id
    digest = hmac.digest(salt, sector_identifier.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
