"""Print what a new user needs to set up an authenticator app."""

from typing import TYPE_CHECKING, Any

from app.cli.output import show_one
from app.security.qr_codes import terminal_lines

if TYPE_CHECKING:
    from app.services.accounts.users import NewUser


def show_new_user(new: "NewUser", row: dict[str, Any], *, as_json: bool) -> None:
    """Print a new user with the TOTP enrolment."""
    enrolment = new.enrolment.model_dump()
    if as_json:
        show_one({**row, **enrolment, "warning": new.warning}, as_json=True)
        return
    show_one(row, as_json=False)
    print(terminal_lines(new.enrolment.otp_uri))
    print(new.enrolment.otp_uri)
    print("The user confirms it with a code at the first sign-in, or with POST /verify_otp.")
    if new.warning is not None:
        print(new.warning)
