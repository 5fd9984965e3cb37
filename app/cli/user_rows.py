"""Rows that describe users."""

from typing import TYPE_CHECKING, Annotated, Any

from app.cli.parameters import argument

if TYPE_CHECKING:
    from app.models.accounts.users import User

Username = Annotated[str, argument()]


def row_of_user(user: "User") -> dict[str, Any]:
    return {
        "username": user.username,
        "user_id": user.user_id,
        "claims": user.claim_values,
        "otp_confirmed": user.has_confirmed_otp,
        "disabled": user.is_disabled,
        "created_at": user.created_at.isoformat(timespec="seconds"),
    }
