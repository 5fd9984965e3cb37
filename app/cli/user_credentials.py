"""`postern users reset-password|reset-otp|…`: passwords and second factors."""

from typing import TYPE_CHECKING, Annotated, Any

from app.cli.base import read_secret
from app.cli.output import show_one
from app.cli.parameters import AsJson, flag
from app.cli.subjects import with_user
from app.cli.user_rows import Username
from app.errors import InvalidInputError
from app.security.qr_codes import terminal_lines
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.accounts.users import User
    from app.wiring import Services


def reset_otp(username: Username, *, as_json: AsJson = False) -> None:
    """Replace a lost TOTP secret, print the new one, and sign the user out everywhere."""
    enrolment = with_user(
        username,
        lambda services, user: services.accounts.administration.credentials.reset_otp(
            user.user_id, authority=FULL
        ),
    )
    if as_json:
        show_one(enrolment.model_dump(), as_json=True)
        return
    print(terminal_lines(enrolment.otp_uri))
    print(enrolment.otp_uri)
    print(
        "The user must confirm it with a code: POST /verify_otp. The user has been signed out "
        "everywhere."
    )


def reset_factors(username: Username, *, as_json: AsJson = False) -> None:
    """Remove the authenticator app, passkeys and recovery codes, and sign the user out everywhere.

    The user sets up a second factor at the next sign-in.
    """

    async def reset(services: "Services", user: "User") -> dict[str, Any]:
        credentials = services.accounts.administration.credentials
        await credentials.reset_factors(user.user_id, authority=FULL)
        return {"username": user.username, "factors": "reset"}

    show_one(with_user(username, reset), as_json=as_json)


def remove_passkeys(username: Username, *, as_json: AsJson = False) -> None:
    """Remove all passkeys and sign the user out everywhere."""
    names = with_user(
        username,
        lambda services, user: services.accounts.administration.credentials.remove_passkeys(
            user.user_id, authority=FULL
        ),
    )
    if as_json:
        show_one({"removed": names}, as_json=True)
    elif names:
        print(f"Removed: {', '.join(names)}. The user has been signed out everywhere.")
    else:
        print("The user has no passkeys.")


def reset_password(
    username: Username,
    *,
    from_stdin: Annotated[
        bool, flag("--stdin", help="Read the password from standard input.")
    ] = False,
    link: Annotated[
        bool,
        flag("--link", help="Print a one-time link (valid 24 hours) for setting a new password."),
    ] = False,
    mail: Annotated[
        bool,
        flag("--mail", help="Mail such a link to the verified email address of the user."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Set a new password and sign the user out everywhere."""
    if link + mail + from_stdin > 1:
        raise InvalidInputError("Use only one of --stdin, --link and --mail.")
    if link or mail:
        _create_link(username, is_mailed=mail, as_json=as_json)
        return
    password = read_secret("New password: ", from_stdin=from_stdin)
    with_user(
        username,
        lambda services, user: services.accounts.administration.credentials.set_password(
            user.user_id, password, authority=FULL
        ),
    )
    _print_message("The password is set. The user has been signed out everywhere.", as_json=as_json)


def _create_link(username: str, *, is_mailed: bool, as_json: bool) -> None:
    async def create(services: "Services", user: "User") -> str | None:
        from app.services.accounts.administration.link_delivery import MAILED, PRINTED

        return await services.accounts.administration.credentials.create_password_link(
            user.user_id, delivery=MAILED if is_mailed else PRINTED, authority=FULL
        )

    link = with_user(username, create)
    if link is None:
        _print_message("The link is queued for delivery.", as_json=as_json)
    elif as_json:
        show_one({"link": link}, as_json=True)
    else:
        print(link)


def unlock(username: Username, *, as_json: AsJson = False) -> None:
    """Let a user who is delayed after failed attempts try to sign in again at once."""

    async def lift(services: "Services", user: "User") -> dict[str, Any]:
        credentials = services.accounts.administration.credentials
        until = await credentials.unlock(user.user_id, authority=FULL)
        locked_until = until.isoformat(timespec="seconds") if until is not None else None
        return {"username": user.username, "was_locked_until": locked_until}

    show_one(with_user(username, lift), as_json=as_json)


def _print_message(message: str, *, as_json: bool) -> None:
    if as_json:
        show_one({"message": message}, as_json=True)
    else:
        print(message)
