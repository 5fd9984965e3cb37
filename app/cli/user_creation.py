"""`postern users create`: an account with the password and claims that an operator states."""

from typing import TYPE_CHECKING, Annotated, Any

from app.cli.base import read_secret, with_services
from app.cli.bodies import parse_body
from app.cli.enrolments import show_new_user
from app.cli.parameters import AsJson, flag, with_parameters
from app.cli.user_claims import Address, claim_parameters, stated_changes, stated_in
from app.cli.user_rows import Username, row_of_user
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.services.accounts.users import NewUser
    from app.wiring import Services


@with_parameters(claim_parameters())
def create(
    username: Username,
    *,
    from_stdin: Annotated[
        bool, flag("--stdin", help="Read the password from standard input.")
    ] = False,
    address: Address = None,
    as_json: AsJson = False,
    **claims: Any,
) -> None:
    """Create a user, and print the TOTP secret for the authenticator app.

    A user who does not confirm it within UNCONFIRMED_USER_DAYS is deleted, unless they have a role.
    """
    values, vouched_for = stated_in(claims)
    stated = stated_changes(values, address).model_dump(exclude_unset=True)
    password = read_secret("Password: ", from_stdin=from_stdin)

    async def add(services: "Services") -> "NewUser":
        from app.schemas.users import UserCreate

        body = parse_body(UserCreate, {**stated, "username": username, "password": password})
        return await services.accounts.administration.users.create(
            body, vouched_for=vouched_for, authority=FULL
        )

    new = with_services(add)
    show_new_user(new, row_of_user(new.user), as_json=as_json)
