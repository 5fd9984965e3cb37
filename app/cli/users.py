"""`postern users …`: manage user accounts."""

import argparse
import json
from collections.abc import AsyncIterator
from typing import Any

from pydantic import ValidationError

from app.cli.base import (
    Action,
    Command,
    add_json_option,
    read_secret,
    show_one,
    with_services,
)
from app.cli.listing import pages_of, print_pages
from app.errors import InvalidInputError, NotFoundError
from app.models.accounts.users import User
from app.schemas.claims import VERIFIED, StandardClaims
from app.security import usernames
from app.security.qr_codes import terminal_lines
from app.wiring import Services

CLAIMS = tuple(StandardClaims.model_fields)
SIMPLE_CLAIMS = tuple(name for name in CLAIMS if name != "address")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")

    def action(name: str, act: Action, text: str) -> argparse.ArgumentParser:
        command = actions.add_parser(name, help=text, description=text)
        add_json_option(command)
        command.set_defaults(act=act)
        if act is not _list_all:
            command.add_argument("username")
        return command

    action("list", _list_all, "List users.").add_argument(
        "--odd-names",
        action="store_true",
        help="list only users whose username is no longer allowed, and the reason",
    )
    action("show", _show, "Show one user.")
    action(
        "reset-otp",
        _reset_otp,
        ("Replace a lost TOTP secret, print the new one, and sign the user out everywhere."),
    )
    action(
        "remove-passkeys",
        _remove_passkeys,
        ("Remove all passkeys and sign the user out everywhere."),
    )
    reset = action(
        "reset-password", _reset_password, ("Set a new password and sign the user out everywhere.")
    )
    reset.add_argument("--stdin", action="store_true", help="read the password from standard input")
    reset.add_argument(
        "--link",
        action="store_true",
        help="print a one-time link (valid 24 hours) for setting a new password",
    )
    _add_claims(action("set", _set, "Change the user's standard claims."))
    action("disable", _disable, "Block sign-in and invalidate all tokens until re-enabled.")
    action("enable", _enable, "Re-enable a disabled user.")
    delete = action("delete", _delete, "Permanently delete an account and all of its data.")
    delete.add_argument(
        "--yes", action="store_true", help=("confirm the deletion, which cannot be undone")
    )


def _add_claims(parser: argparse.ArgumentParser) -> None:
    for name in SIMPLE_CLAIMS:
        parser.add_argument(_option(name), dest=name, metavar="TEXT")
    parser.add_argument("--address", metavar="JSON", help='such as {"country": "Austria"}')
    parser.add_argument(
        "--unset",
        action="append",
        default=[],
        choices=CLAIMS,
        help=("remove a claim; can be repeated"),
    )
    for name in VERIFIED.values():
        parser.add_argument(
            _option(name),
            dest="vouched_for",
            action="append_const",
            const=name,
            default=[],
            help="mark as verified because you have checked it",
        )


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _run(arguments: argparse.Namespace) -> int:
    arguments.act(arguments)
    return 0


def _list_all(arguments: argparse.Namespace) -> None:
    pages = _pages_of_odd_names if arguments.odd_names else _pages
    print_pages(pages, as_json=arguments.json)


def _show(arguments: argparse.Namespace) -> None:
    user = with_services(lambda services: services.users.get(arguments.username))
    show_one(_row(user), as_json=arguments.json)


def _reset_otp(arguments: argparse.Namespace) -> None:
    enrolment = with_services(lambda services: services.users.reset_otp(arguments.username))
    if arguments.json:
        show_one(enrolment.model_dump(), as_json=True)
        return
    print(terminal_lines(enrolment.otp_uri))
    print(enrolment.otp_uri)
    print(
        "The user must confirm it with a code: POST /verify_otp. The user has been signed out "
        "everywhere."
    )


def _remove_passkeys(arguments: argparse.Namespace) -> None:
    names = with_services(lambda services: _without_passkeys(services, arguments.username))
    if arguments.json:
        show_one({"removed": names}, as_json=True)
    elif names:
        print(f"Removed: {', '.join(names)}. The user has been signed out everywhere.")
    else:
        print("The user has no passkeys.")


async def _without_passkeys(services: Services, username: str) -> list[str]:
    user, names = await services.users.get(username), []
    for passkey in await services.passkeys.list_of(user):
        if await services.passkeys.remove(user, passkey.passkey_id, but=None, even_last=True):
            await services.notices.tell(user, "passkey_removed", name=passkey.name)
            names.append(passkey.name)
    return names


def _reset_password(arguments: argparse.Namespace) -> None:
    if arguments.link:
        _make_link(arguments)
        return
    password = read_secret("New password: ", from_stdin=arguments.stdin)
    with_services(lambda services: services.users.reset_password(arguments.username, password))
    message = "The password is set. The user has been signed out everywhere."
    if arguments.json:
        show_one({"message": message}, as_json=True)
    else:
        print(message)


def _make_link(arguments: argparse.Namespace) -> None:
    link = with_services(lambda services: services.password_reset.create_link(arguments.username))
    if arguments.json:
        show_one({"link": link}, as_json=True)
    else:
        print(link)


def _set(arguments: argparse.Namespace) -> None:
    values: dict[str, Any] = {
        name: value for name in SIMPLE_CLAIMS if (value := getattr(arguments, name)) is not None
    }
    if not (values or arguments.address or arguments.unset or arguments.vouched_for):
        raise InvalidInputError("Nothing to set or unset. See postern users set --help.")
    try:
        if arguments.address is not None:
            values["address"] = json.loads(arguments.address)
        changes = StandardClaims.model_validate(values)
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        message = problem["msg"].removeprefix("Value error, ")
        raise InvalidInputError(f"{_option(str(problem['loc'][0]))}: {message}") from None
    except (ValueError, RecursionError):
        raise InvalidInputError("--address: must be a JSON object") from None
    if "address" in values and "address" not in changes.stated_claims():
        raise InvalidInputError("--address: must have a member such as country.")
    for name in values.keys() & arguments.unset:
        raise InvalidInputError(f"{_option(name)}: cannot be both set and unset.")
    user = with_services(
        lambda services: services.users.set_claims(
            arguments.username,
            changes,
            unset=arguments.unset,
            vouched_for=arguments.vouched_for,
        )
    )
    show_one(_row(user), as_json=arguments.json)


def _disable(arguments: argparse.Namespace) -> None:
    _set_disabled(arguments, disabled=True)


def _enable(arguments: argparse.Namespace) -> None:
    _set_disabled(arguments, disabled=False)


def _delete(arguments: argparse.Namespace) -> None:
    if not arguments.yes:
        raise InvalidInputError("Deleting an account cannot be undone. Use --yes to confirm.")
    with_services(lambda services: _deleted(services, arguments.username))
    message = "The account is deleted. Its events remain in the audit log."
    if arguments.json:
        show_one({"message": message}, as_json=True)
    else:
        print(message)


async def _deleted(services: Services, username: str) -> None:
    if not await services.account_data.delete(await services.users.get(username)):
        raise NotFoundError("There is no user with that name.")


def _set_disabled(arguments: argparse.Namespace, *, disabled: bool) -> None:
    user = with_services(
        lambda services: services.users.set_disabled(arguments.username, disabled=disabled)
    )
    show_one(_row(user), as_json=arguments.json)


async def _pages(services: Services) -> AsyncIterator[list[dict[str, Any]]]:
    users = services.users
    async for page in pages_of(
        lambda after: users.list_page(after=after), lambda user: user.username_key
    ):
        yield [_row(user) for user in page]


async def _pages_of_odd_names(services: Services) -> AsyncIterator[list[dict[str, Any]]]:
    async for rows in _pages(services):
        problems = ((row, usernames.problem_with(str(row["username"]))) for row in rows)
        yield [
            {"username": row["username"], "user_id": row["user_id"], "problem": problem}
            for row, problem in problems
            if problem is not None
        ]


def _row(user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "user_id": user.user_id,
        "claims": json.loads(user.claims),
        "otp_confirmed": user.has_confirmed_otp,
        "disabled": user.is_disabled,
        "created_at": user.created_at.isoformat(timespec="seconds"),
    }


COMMAND = Command("users", "Manage users.", _add_arguments, _run)
