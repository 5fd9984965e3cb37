"""`postern users sign-out|disable|enable|delete`: the state of an account."""

from typing import TYPE_CHECKING, Any

from app.cli.output import show_one
from app.cli.parameters import AsJson, IsConfirmed, require_confirmation
from app.cli.subjects import with_user
from app.cli.user_rows import Username, row_of_user
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.accounts.users import User
    from app.wiring import Services


def sign_out(username: Username, *, as_json: AsJson = False) -> None:
    """End all sessions of a user, and revoke their tokens."""

    async def end(services: "Services", user: "User") -> dict[str, Any]:
        users = services.accounts.administration.users
        ended = await users.sign_out(user.user_id, authority=FULL)
        return {"username": user.username, "ended_sessions": ended}

    show_one(with_user(username, end), as_json=as_json)


def disable(username: Username, *, as_json: AsJson = False) -> None:
    """Block sign-in and invalidate all tokens until re-enabled."""
    _set_disabled(username, disabled=True, as_json=as_json)


def enable(username: Username, *, as_json: AsJson = False) -> None:
    """Re-enable a disabled user."""
    _set_disabled(username, disabled=False, as_json=as_json)


def _set_disabled(username: str, *, disabled: bool, as_json: bool) -> None:
    user = with_user(
        username,
        lambda services, user: services.accounts.administration.users.set_disabled(
            user.user_id, disabled=disabled, authority=FULL
        ),
    )
    show_one(row_of_user(user), as_json=as_json)


def delete(
    username: Username,
    *,
    is_confirmed: IsConfirmed = False,
    as_json: AsJson = False,
) -> None:
    """Permanently delete an account and all of its data."""
    require_confirmation("an account", is_confirmed=is_confirmed)
    with_user(
        username,
        lambda services, user: services.accounts.administration.users.delete(
            user.user_id, authority=FULL
        ),
    )
    message = "The account is deleted. Its events remain in the audit log."
    if as_json:
        show_one({"message": message}, as_json=True)
    else:
        print(message)
