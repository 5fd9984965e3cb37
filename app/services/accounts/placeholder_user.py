"""A placeholder user, for whom the same work is done as for an existing one."""

from datetime import datetime

from app.models.accounts.users import User


def placeholder_user(*, now: datetime) -> User:
    """Return a user that no query finds and that has no address."""
    return User(
        user_id="nobody",
        username="nobody",
        username_key="",
        password_hash="",
        credentials_version="",
        otp_secret=None,
        otp_confirmed_at=None,
        otp_last_step=None,
        disabled_at=None,
        created_at=now,
        claims="{}",
        claims_updated_at=None,
        pairwise_salt=b"",
    )
