"""The row of a new user."""

import json
from collections.abc import Mapping
from datetime import datetime

from app.models.accounts.user_claims import email_key_in
from app.models.accounts.users import User
from app.schemas.search_words import search_words_of
from app.security.passwords import NO_PASSWORD
from app.security.tokens import new_identifier, new_salt
from app.security.usernames import NewName


def new_user(
    name: NewName,
    claims: Mapping[str, object],
    *,
    user_id: str | None = None,
    password_hash: str = NO_PASSWORD,
    otp_secret: bytes | None = None,
    otp_confirmed_at: datetime | None = None,
    disabled_at: datetime | None = None,
    now: datetime,
) -> User:
    """Return a user to store; `otp_secret` is sealed. Without a hash it has no password."""
    text = json.dumps(claims)
    return User(
        user_id=user_id or new_identifier(),
        username=name.spelling,
        username_key=name.key,
        password_hash=password_hash,
        credentials_version=new_identifier(),
        otp_secret=otp_secret,
        otp_confirmed_at=otp_confirmed_at,
        otp_last_step=None,
        disabled_at=disabled_at,
        created_at=now,
        claims=text,
        claims_updated_at=None,
        pairwise_salt=new_salt(),
        email_key=email_key_in(text),
        search_words=search_words_of(name.spelling, text),
    )
