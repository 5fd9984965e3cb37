"""`postern users invite …`: accounts whose users set the password by a mailed link."""

from typing import TYPE_CHECKING, Annotated, Any

from app.cli.base import with_services
from app.cli.bodies import parse_body
from app.cli.output import show_one
from app.cli.parameters import AsJson, argument, flag, option, with_parameters
from app.cli.subjects import group_named, role_named, with_user
from app.cli.user_claims import Address, claim_parameters, stated_changes, stated_in
from app.cli.user_rows import Username
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.accounts.users import User
    from app.services.accounts.administration.invitations import Invited
    from app.services.accounts.administration.link_delivery import LinkDelivery
    from app.wiring import Services

IsPrinted = Annotated[
    bool,
    flag(
        "--link",
        help="Print the link instead of mailing it. The email address stays unverified.",
    ),
]


@with_parameters(claim_parameters(omitted=("email", "email_verified", "phone_number_verified")))
def invite(
    email: Annotated[str, argument(metavar="EMAIL")],
    *,
    username: Annotated[
        str | None, option("--username", help="By default the email address.")
    ] = None,
    group: Annotated[
        list[str] | None,
        option("--group", metavar="NAME", help="A group that the user joins. Can be repeated."),
    ] = None,
    role: Annotated[
        list[str] | None,
        option("--role", metavar="NAME", help="A global role of the user. Can be repeated."),
    ] = None,
    link: IsPrinted = False,
    address: Address = None,
    as_json: AsJson = False,
    **claims: Any,
) -> None:
    """Create a user, and mail the link by which they set a password and a second factor."""
    values, _ = stated_in(claims)
    stated = stated_changes(values, address).model_dump(exclude_unset=True)

    async def add(services: "Services") -> "Invited":
        from app.schemas.invitations import Invitation

        groups = [(await group_named(services, name)).group_id for name in group or ()]
        roles = [(await role_named(services, name, "")).role_id for name in role or ()]
        members = {**stated, "email": email, "username": username, "groups": groups, "roles": roles}
        return await services.accounts.administration.invitations.invite(
            parse_body(Invitation, members), delivery=_delivery(is_printed=link), authority=FULL
        )

    _show(with_services(add), as_json=as_json)


def resend(username: Username, *, link: IsPrinted = False, as_json: AsJson = False) -> None:
    """Send a new invitation to a user who cannot sign in yet; the old link becomes invalid."""

    async def renew(services: "Services", user: "User") -> "Invited":
        return await services.accounts.administration.invitations.resend(
            user.user_id, delivery=_delivery(is_printed=link), authority=FULL
        )

    _show(with_user(username, renew), as_json=as_json)


def revoke(username: Username, *, as_json: AsJson = False) -> None:
    """Revoke the invitation of a user. The account remains."""

    async def end(services: "Services", user: "User") -> dict[str, Any]:
        invitations = services.accounts.administration.invitations
        is_revoked = await invitations.revoke(user.user_id, authority=FULL)
        return {"username": user.username, "revoked": is_revoked}

    show_one(with_user(username, end), as_json=as_json)


def _delivery(*, is_printed: bool) -> "LinkDelivery":
    from app.services.accounts.administration.link_delivery import MAILED, PRINTED

    return PRINTED if is_printed else MAILED


def _show(invited: "Invited", *, as_json: bool) -> None:
    user = invited.user
    row = {
        "username": user.username,
        "user_id": user.user_id,
        "email": user.standard_claims.email,
        "mailed": invited.link is None,
    }
    if invited.link is not None:
        row["link"] = invited.link
    show_one(row, as_json=as_json)
