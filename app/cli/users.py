"""`postern users …`: manage user accounts."""

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from app.cli import user_files
from app.cli.base import read_secret, with_services
from app.cli.listing import first_rows, print_pages
from app.cli.output import show_one
from app.cli.parameters import (
    AsJson,
    IsConfirmed,
    flag,
    one_of,
    option,
    require_confirmation,
    whole_number,
    with_parameters,
)
from app.cli.parsing import Commands
from app.cli.subjects import label_of_role
from app.cli.user_attributes import set_attribute, unset_attribute
from app.cli.user_claims import (
    CLAIMS,
    Address,
    claim_parameters,
    option_of,
    stated_changes,
    stated_in,
)
from app.cli.user_creation import create
from app.cli.user_listing import WantedUsers
from app.cli.user_rows import Username, row_of_user
from app.errors import InvalidInputError, NotFoundError
from app.security import usernames
from app.security.qr_codes import terminal_lines
from app.services.accounts.events import AccountEvent
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.accounts.users import User
    from app.wiring import Services

cli = Commands("users", help="Manage users.")
cli.command("import")(user_files.import_users)
cli.command("export")(user_files.export_users)


@cli.command("list")
def list_all(
    *,
    search: Annotated[
        str | None,
        option(
            "--search",
            help="Only users whose username, email address or name has words that begin like this.",
        ),
    ] = None,
    group: Annotated[
        str | None, option("--group", metavar="NAME", help="Only members of this group.")
    ] = None,
    not_signed_in_since: Annotated[
        str | None,
        option(
            "--not-signed-in-since",
            metavar="ISO",
            help="Only users without a sign-in since this time, the longest inactive first.",
        ),
    ] = None,
    limit: Annotated[
        int | None, option("--limit", **whole_number(), help="List at most this many.")
    ] = None,
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
    wanted = WantedUsers.of(search, group, not_signed_in_since)
    rows_of = _odd_rows if odd_names else _rows

    async def pages(services: "Services") -> AsyncIterator[list[dict[str, Any]]]:
        async for users in wanted.pages(services):
            yield rows_of(users)

    print_pages(first_rows(pages, limit), as_json=as_json)


@cli.command("show")
def show(username: Username, *, as_json: AsJson = False) -> None:
    """Show one user, with groups, roles and attributes."""

    async def read(services: "Services") -> dict[str, Any]:
        user, accounts = await services.accounts.users.get(username), services.accounts
        groups = await accounts.groups.groups_of(user.user_id)
        roles = await accounts.role_grants.roles_of_user(user.user_id)
        return {
            **row_of_user(user),
            "groups": list(dict.fromkeys(group.name for group, _ in groups)),
            "roles": [label_of_role(role) for role in roles],
            "attributes": dict(await accounts.user_attributes.of(user.user_id)),
        }

    show_one(with_services(read), as_json=as_json)


cli.command("create")(create)
cli.command("set-attribute")(set_attribute)
cli.command("unset-attribute")(unset_attribute)


@cli.command("sign-out")
def sign_out(username: Username, *, as_json: AsJson = False) -> None:
    """End all sessions of a user, and revoke their tokens."""

    async def end(services: "Services") -> dict[str, Any]:
        user = await services.accounts.users.get(username)
        ended = await services.accounts.user_administration.sign_out(user.user_id, authority=FULL)
        return {"username": user.username, "ended_sessions": ended}

    show_one(with_services(end), as_json=as_json)


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


@cli.command("set")
@with_parameters(claim_parameters())
def set_claims(
    username: Username,
    *,
    address: Address = None,
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
    values, vouched_for = stated_in(claims)
    removed = unset or []
    if not (values or address or removed or vouched_for):
        raise InvalidInputError("Nothing to set or unset. See postern users set --help.")
    changes = stated_changes(values, address)
    for name in changes.model_fields_set & set(removed):
        raise InvalidInputError(f"{option_of(name)}: cannot be both set and unset.")
    user = with_services(
        lambda services: services.accounts.users.set_claims(
            username, changes, unset=removed, vouched_for=vouched_for
        )
    )
    show_one(row_of_user(user), as_json=as_json)


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
    show_one(row_of_user(user), as_json=as_json)


@cli.command("delete")
def delete(
    username: Username,
    *,
    is_confirmed: IsConfirmed = False,
    as_json: AsJson = False,
) -> None:
    """Permanently delete an account and all of its data."""
    require_confirmation("an account", is_confirmed=is_confirmed)
    with_services(lambda services: _deleted(services, username))
    message = "The account is deleted. Its events remain in the audit log."
    if as_json:
        show_one({"message": message}, as_json=True)
    else:
        print(message)


async def _deleted(services: "Services", username: str) -> None:
    if not await services.accounts.account_data.delete(await services.accounts.users.get(username)):
        raise NotFoundError("There is no user with that name.")


def _rows(users: Sequence["User"]) -> list[dict[str, Any]]:
    return [row_of_user(user) for user in users]


def _odd_rows(users: Sequence["User"]) -> list[dict[str, Any]]:
    problems = ((user, usernames.problem_with(user.username)) for user in users)
    return [
        {"username": user.username, "user_id": user.user_id, "problem": problem}
        for user, problem in problems
        if problem is not None
    ]
