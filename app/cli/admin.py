"""`postern admin …`: manage the administrators of this server."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.base import read_secret, with_services
from app.cli.bodies import parse_body
from app.cli.enrolments import show_new_user
from app.cli.output import show, show_one
from app.cli.parameters import AsJson, argument, flag
from app.cli.parsing import Commands
from app.cli.roles import holders_of
from app.errors import NotFoundError
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.accounts.users import User
    from app.services.accounts.users import NewUser
    from app.wiring import Services

WITHDRAWN = (
    "Others had set credentials of this account. They are withdrawn, and the user can't sign in."
    " Print a link for a new password: postern users reset-password NAME --link"
)
Username = Annotated[str, argument()]

cli = Commands("admin", help="Manage the administrators of this server.")


@cli.command("create")
def create(
    username: Username,
    *,
    from_stdin: Annotated[
        bool, flag("--stdin", help="Read the password of a new user from standard input.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a user an administrator, and create the user if there is none of that name.

    A new user gets the password that you type, and sets up the printed TOTP secret.
    """
    if with_services(lambda services: _find(services, username)) is None:
        password = read_secret("Password of the new user: ", from_stdin=from_stdin)
        new = with_services(lambda services: _create(services, username, password))
        show_new_user(new, _row(new.user, is_granted=True), as_json=as_json)
        return

    async def grant(services: "Services") -> tuple[dict[str, Any], bool]:
        user = await services.accounts.users.get(username)
        row = _row(user, is_granted=await _grant(services, user))
        after = await services.accounts.users.get(username)
        return row, after.credentials_version != user.credentials_version

    row, is_withdrawn = with_services(grant)
    show_one(row, as_json=as_json)
    if is_withdrawn:
        print(WITHDRAWN, file=sys.stderr)


@cli.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """List the users and groups that have the role administrator."""

    async def read(services: "Services") -> list[dict[str, Any]]:
        from app.models.accounts.roles import ADMINISTRATOR

        role = await services.accounts.roles.get(ADMINISTRATOR)
        pairs = [each.partition(":") for each in await holders_of(services, role)]
        return [{"kind": kind, "name": name} for kind, _, name in pairs]

    show(with_services(read), as_json=as_json)


@cli.command("revoke")
def revoke(username: Username, *, as_json: AsJson = False) -> None:
    """Revoke the role administrator from a user. The last administrator keeps it."""

    async def remove(services: "Services") -> dict[str, Any]:
        from app.models.accounts.roles import ADMINISTRATOR

        user = await services.accounts.users.get(username)
        is_revoked = await services.accounts.role_grants.revoke_from_user(
            ADMINISTRATOR, user.user_id, authority=FULL
        )
        return {"username": user.username, "user_id": user.user_id, "revoked": is_revoked}

    show_one(with_services(remove), as_json=as_json)


async def _find(services: "Services", username: str) -> "User | None":
    try:
        return await services.accounts.users.get(username)
    except NotFoundError:
        return None


async def _create(services: "Services", username: str, password: str) -> "NewUser":
    from app.schemas.users import UserCreate

    body = parse_body(UserCreate, {"username": username, "password": password})
    new = await services.accounts.administration.users.create(body, authority=FULL)
    await _grant(services, new.user)
    return new


async def _grant(services: "Services", user: "User") -> bool:
    from app.models.accounts.roles import ADMINISTRATOR

    return await services.accounts.role_grants.grant_to_user(
        ADMINISTRATOR, user.user_id, authority=FULL
    )


def _row(user: "User", *, is_granted: bool) -> dict[str, Any]:
    return {"username": user.username, "user_id": user.user_id, "granted": is_granted}
