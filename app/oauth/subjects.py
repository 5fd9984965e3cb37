"""Subject identifiers (OpenID Connect Core section 8), and the session identifiers.

A subject identifier is public or pairwise, which means one for each sector.
"""

import base64
import hmac

from app.models.accounts.users import User
from app.models.clients.clients import Client

SUBJECT_TYPES = ("public", "pairwise")


def subject_of(user: User, client: Client) -> str:
    """Return the `sub` by which a client knows a user: never the username, always the same."""
    return subject_for(
        user.user_id, salt=user.pairwise_salt, sector_identifier=client.sector_identifier
    )


def subject_for(user_id: str, *, salt: bytes, sector_identifier: str | None) -> str:
    """Return the user's identifier, or the pseudonym for a sector (section 8.1)."""
    if sector_identifier is None:
        return user_id
    return _pseudonym(salt, sector_identifier)


def sid_of(user: User, client: Client, session_id: str) -> str:
    """Return the `sid` by which a client knows a session (Back-Channel Logout 1.0 section 2.1)."""
    return sid_for(session_id, salt=user.pairwise_salt, client=client)


def sid_for(session_id: str, *, salt: bytes, client: Client) -> str:
    """Return the `sid` of a session, which is different for each client with pairwise subjects.

    A shared one would tell two clients that they have the same user.
    """
    if client.sector_identifier is None:
        return session_id
    return _pseudonym(salt, f"sid\0{client.client_id}\0{session_id}")  # a sector cannot contain NUL


def _pseudonym(salt: bytes, text: str) -> str:
    digest = hmac.digest(salt, text.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
