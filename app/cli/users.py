"""`postern users …`: what an operator may do to people's accounts."""

import argparse
import getpass
import sys
from typing import Any

from app.cli.base import Command, add_json_option, show, show_one, with_services
from app.models.users import User
from app.security.qr_codes import terminal_lines
from app.wiring import Services


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")

    def action(name: str, text: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=text, description=text)
        add_json_option(made)
        if name != "list":
            made.add_argument("username")
        return made

    action("list", "List people.")
    action("show", "Show one person.")
    action("reset-otp", "Put a new TOTP secret in the place of a lost one; ends every sign-in.")
    reset = action("reset-password", "Set a new password; ends every sign-in.")
    reset.add_argument("--stdin", action="store_true", help="read the password from standard input")
    action("disable", "Nobody signs in as this person, and the tokens are worth nothing.")
    action("enable", "Undo disable.")


def _run(arguments: argparse.Namespace) -> int:
    as_json = arguments.json
    match arguments.action:
        case "list":
            show(with_services(_list), as_json=as_json)
        case "show":
            user = with_services(lambda services: services.users.get(arguments.username))
            show_one(_row(user), as_json=as_json)
        case "reset-otp":
            _reset_otp(arguments.username, as_json=as_json)
        case "reset-password":
            password = _new_password(from_stdin=arguments.stdin)
            with_services(
                lambda services: services.users.reset_password(arguments.username, password)
            )
            _done("The password is set, and every sign-in has ended.", as_json=as_json)
        case action:
            user = with_services(
                lambda services: services.users.set_disabled(
                    arguments.username, disabled=action == "disable"
                )
            )
            show_one(_row(user), as_json=as_json)
    return 0


async def _list(services: Services) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after = ""
    while page := await services.users.list_page(after=after):
        rows.extend(_row(user) for user in page)
        after = page[-1].username_key
    return rows


def _reset_otp(username: str, *, as_json: bool) -> None:
    enrolment = with_services(lambda services: services.users.reset_otp(username))
    if as_json:
        show_one(enrolment.model_dump(), as_json=True)
        return
    print(terminal_lines(enrolment.otp_uri))
    print(enrolment.otp_uri)
    print("The person confirms it with a code: POST /verify_otp.")


def _new_password(*, from_stdin: bool) -> str:
    if from_stdin or not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return getpass.getpass("New password: ")


def _done(message: str, *, as_json: bool) -> None:
    if as_json:
        show_one({"message": message}, as_json=True)
    else:
        print(message)


def _row(user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "user_id": user.user_id,
        "otp_confirmed": user.has_confirmed_otp,
        "disabled": user.is_disabled,
        "created_at": user.created_at.isoformat(timespec="seconds"),
    }


COMMAND = Command("users", "List, show, reset and disable people.", _add_arguments, _run)
