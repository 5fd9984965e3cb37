"""`postern users …`: manage user accounts."""

import json
from collections.abc import AsyncIterator, Iterator
from inspect import Parameter
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import ValidationError

from app.cli import user_files
from app.cli.base import read_secret, with_services
from app.cli.listing import pages_of, print_pages
from app.cli.output import show_one
from app.cli.parameters import (
    AsJson,
    argument,
    flag,
    one_of,
    option,
    parameter,
    with_parameters,
)
from app.cli.parsing import Commands
from app.errors import InvalidInputError, NotFoundError
from app.schemas.claims import VERIFIED, StandardClaims
from app.security import usernames
from app.security.qr_codes import terminal_lines
from app.services.accounts.events import AccountEvent

if TYPE_CHECKING:
    from app.models.accounts.users import User
    from app.wiring import Services

CLAIMS = tuple(StandardClaims.model_fields)
SIMPLE_CLAIMS = tuple(name for name in CLAIMS if name != "address")
Username = Annotated[str, argument()]

cli = Commands("users", help="Manage users.")
cli.command("import")(user_files.import_users)
cli.command("export")(user_files.export_users)


@cli.command("list")
def list_all(
    *,
    odd_names: Annotated[
        bool,
        flag(
            "--odd-names",
            help="List only users whose username is no longer allowed, and the reason.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List users."""
    print_pages(_pages_of_odd_names if odd_names else _pages, as_json=as_json)


@cli.command("show")
def show(username: Username, *, as_json: AsJson = False) -> None:
    """Show one user."""
    user = with_services(lambda services: services.accounts.users.get(username))
    show_one(_row(user), as_json=as_json)


@cli.command("reset-otp")
def reset_otp(username: Username, *, as_json: AsJson = False) -> None:
    """Replace a lost TOTP secret, print the new one, and sign the user out everywhere."""
    enrolment = with_services(lambda services: services.accounts.users.reset_otp(username))
    if as_json:
        show_one(enrolment.model_dump(), as_json=True)
        return
    print(terminal_lines(enrolment.otp_uri))
    print(enrolment.otp_uri)
    print(
        "The user must confirm it with a code: POST /verify_otp. The user has been signed out "
        "everywhere."
    )


@cli.command("remove-passkeys")
def remove_passkeys(username: Username, *, as_json: AsJson = False) -> None:
    """Remove all passkeys and sign the user out everywhere."""
    names = with_services(lambda services: _without_passkeys(services, username))
    if as_json:
        show_one({"removed": names}, as_json=True)
    elif names:
        print(f"Removed: {', '.join(names)}. The user has been signed out everywhere.")
    else:
        print("The user has no passkeys.")


async def _without_passkeys(services: "Services", username: str) -> list[str]:
    user, names = await services.accounts.users.get(username), []
    for passkey in await services.factors.passkeys.list_of(user):
        if await services.factors.passkeys.remove(
            user, passkey.passkey_id, except_session=None, even_last=True
        ):
            await services.core.notices.send(user, AccountEvent.PASSKEY_REMOVED, name=passkey.name)
            names.append(passkey.name)
    return names


@cli.command("reset-password")
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
    as_json: AsJson = False,
) -> None:
    """Set a new password and sign the user out everywhere."""
    if link:
        _print_link(username, as_json=as_json)
        return
    password = read_secret("New password: ", from_stdin=from_stdin)
    with_services(lambda services: services.accounts.users.reset_password(username, password))
    message = "The password is set. The user has been signed out everywhere."
    if as_json:
        show_one({"message": message}, as_json=True)
    else:
        print(message)


def _print_link(username: str, *, as_json: bool) -> None:
    link = with_services(lambda services: services.accounts.password_reset.create_link(username))
    if as_json:
        show_one({"link": link}, as_json=True)
    else:
        print(link)


def _option_of(claim: str) -> str:
    return f"--{claim.replace('_', '-')}"


def _claim_parameters() -> Iterator[Parameter]:
    """Yield an option for each claim, and one for each claim that can be verified."""
    for name in SIMPLE_CLAIMS:
        yield parameter(name, Annotated[str | None, option(_option_of(name))], default=None)
    for name in VERIFIED.values():
        marks = flag(_option_of(name), help="Mark as verified because you have checked it.")
        yield parameter(name, Annotated[bool, marks], default=False)


@cli.command("set")
@with_parameters(_claim_parameters())
def set_claims(
    username: Username,
    *,
    address: Annotated[
        str | None, option("--address", metavar="JSON", help='Such as {"country": "Austria"}.')
    ] = None,
    unset: Annotated[
        list[str] | None,
        option(
            "--unset",
            **one_of(CLAIMS),
            metavar="CLAIM",
            help="Remove a claim, such as given_name. Can be repeated.",
        ),
    ] = None,
    as_json: AsJson = False,
    **claims: Any,
) -> None:
    """Change the user's standard claims."""
    values = {name: claims[name] for name in SIMPLE_CLAIMS if claims[name] is not None}
    vouched_for = [name for name in VERIFIED.values() if claims[name]]
    removed = unset or []
    if not (values or address or removed or vouched_for):
        raise InvalidInputError("Nothing to set or unset. See postern users set --help.")
    changes = _changes(values, address)
    for name in changes.model_fields_set & set(removed):
        raise InvalidInputError(f"{_option_of(name)}: cannot be both set and unset.")
    user = with_services(
        lambda services: services.accounts.users.set_claims(
            username, changes, unset=removed, vouched_for=vouched_for
        )
    )
    show_one(_row(user), as_json=as_json)


def _changes(values: dict[str, Any], address: str | None) -> StandardClaims:
    """Parse claims; raises `InvalidInputError` with the option that has an invalid value."""
    try:
        if address is not None:
            values = {**values, "address": json.loads(address)}
        changes = StandardClaims.model_validate(values)
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        message = problem["msg"].removeprefix("Value error, ")
        raise InvalidInputError(f"{_option_of(str(problem['loc'][0]))}: {message}") from None
    except (ValueError, RecursionError):
        raise InvalidInputError("--address: must be a JSON object") from None
    if address is not None and "address" not in changes.stated_claims():
        raise InvalidInputError("--address: must have a member such as country.")
    return changes


@cli.command("disable")
def disable(username: Username, *, as_json: AsJson = False) -> None:
    """Block sign-in and invalidate all tokens until re-enabled."""
    _set_disabled(username, disabled=True, as_json=as_json)


@cli.command("enable")
def enable(username: Username, *, as_json: AsJson = False) -> None:
    """Re-enable a disabled user."""
    _set_disabled(username, disabled=False, as_json=as_json)


def _set_disabled(username: str, *, disabled: bool, as_json: bool) -> None:
    user = with_services(
        lambda services: services.accounts.users.set_disabled(username, disabled=disabled)
    )
    show_one(_row(user), as_json=as_json)


@cli.command("delete")
def delete(
    username: Username,
    *,
    is_confirmed: Annotated[
        bool, flag("--yes", help="Confirm the deletion, which cannot be undone.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Permanently delete an account and all of its data."""
    if not is_confirmed:
        raise InvalidInputError("Deleting an account cannot be undone. Use --yes to confirm.")
    with_services(lambda services: _deleted(services, username))
    message = "The account is deleted. Its events remain in the audit log."
    if as_json:
        show_one({"message": message}, as_json=True)
    else:
        print(message)


async def _deleted(services: "Services", username: str) -> None:
    if not await services.accounts.account_data.delete(await services.accounts.users.get(username)):
        raise NotFoundError("There is no user with that name.")


async def _pages(services: "Services") -> AsyncIterator[list[dict[str, Any]]]:
    users = services.accounts.users
    async for page in pages_of(
        lambda after: users.list_page(after=after), lambda user: user.username_key
    ):
        yield [_row(user) for user in page]


async def _pages_of_odd_names(services: "Services") -> AsyncIterator[list[dict[str, Any]]]:
    async for rows in _pages(services):
        problems = ((row, usernames.problem_with(str(row["username"]))) for row in rows)
        yield [
            {"username": row["username"], "user_id": row["user_id"], "problem": problem}
            for row, problem in problems
            if problem is not None
        ]


def _row(user: "User") -> dict[str, Any]:
    return {
        "username": user.username,
        "user_id": user.user_id,
        "claims": user.claim_values,
        "otp_confirmed": user.has_confirmed_otp,
        "disabled": user.is_disabled,
        "created_at": user.created_at.isoformat(timespec="seconds"),
    }
