"""`postern users mark-email-verified|send-verification-email`."""

from typing import TYPE_CHECKING, Any

from app.cli.output import show_one
from app.cli.parameters import AsJson
from app.cli.subjects import with_user
from app.cli.user_rows import Username, row_of_user
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.accounts.users import User
    from app.wiring import Services


def mark_verified(username: Username, *, as_json: AsJson = False) -> None:
    """Mark the email address of a user as verified because you have checked it."""
    user = with_user(
        username,
        lambda services, user: services.accounts.administration.emails.mark_verified(
            user.user_id, authority=FULL
        ),
    )
    show_one(row_of_user(user), as_json=as_json)


def send_verification(username: Username, *, as_json: AsJson = False) -> None:
    """Mail a user the link that verifies their email address."""

    async def send(services: "Services", user: "User") -> dict[str, Any]:
        emails = services.accounts.administration.emails
        address = await emails.send_verification(user.user_id, authority=FULL)
        return {"username": user.username, "mailed_to": address}

    show_one(with_user(username, send), as_json=as_json)
