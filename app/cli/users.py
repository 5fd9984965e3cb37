"""`postern users …`: manage user accounts."""

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from app.cli import user_accounts, user_credentials, user_emails, user_files, user_invitations
from app.cli.listing import first_rows, print_pages
from app.cli.output import show_one
from app.cli.parameters import AsJson, Limit, flag, one_of, option, with_parameters
from app.cli.parsing import Commands
from app.cli.subjects import with_user
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
from app.cli.user_rows import Username, row_of_details, row_of_user
from app.errors import InvalidInputError
from app.security import usernames
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.accounts.users import User
    from app.wiring import Services

cli = Commands("users", help="Manage users.")


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
    limit: Limit = None,
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
    """Show one user, with groups, factors, sessions, clients, last sign-in and lock state."""
    details = with_user(
        username,
        lambda services, user: services.accounts.administration.details.read(user.user_id),
    )
    show_one(row_of_details(details), as_json=as_json)


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
    user = with_user(
        username,
        lambda services, user: services.accounts.administration.users.set_claims(
            user.user_id,
            changes,
            unset=removed,
            vouched_for=vouched_for,
            since=user,
            authority=FULL,
        ),
    )
    show_one(row_of_user(user), as_json=as_json)


for name, command in {
    "create": create,
    "invite": user_invitations.invite,
    "resend-invitation": user_invitations.resend,
    "revoke-invitation": user_invitations.revoke,
    "set-attribute": set_attribute,
    "unset-attribute": unset_attribute,
    "mark-email-verified": user_emails.mark_verified,
    "send-verification-email": user_emails.send_verification,
    "reset-password": user_credentials.reset_password,
    "reset-otp": user_credentials.reset_otp,
    "reset-factors": user_credentials.reset_factors,
    "remove-passkeys": user_credentials.remove_passkeys,
    "unlock": user_credentials.unlock,
    "sign-out": user_accounts.sign_out,
    "disable": user_accounts.disable,
    "enable": user_accounts.enable,
    "delete": user_accounts.delete,
    "import": user_files.import_users,
    "export": user_files.export_users,
}.items():
    cli.command(name)(command)


def _rows(users: Sequence["User"]) -> list[dict[str, Any]]:
    return [row_of_user(user) for user in users]


def _odd_rows(users: Sequence["User"]) -> list[dict[str, Any]]:
    problems = ((user, usernames.problem_with(user.username)) for user in users)
    return [
        {"username": user.username, "user_id": user.user_id, "problem": problem}
        for user, problem in problems
        if problem is not None
    ]
