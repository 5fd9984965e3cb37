"""`postern sessions …`: list and end the sessions of users."""

from typing import TYPE_CHECKING, Annotated, Any

from app.cli.base import with_services
from app.cli.output import show, show_one
from app.cli.parameters import AsJson, argument
from app.cli.parsing import Commands
from app.cli.subjects import with_user
from app.cli.user_rows import Username, row_of_session
from app.errors import NotFoundError
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.wiring import Services

cli = Commands("sessions", help="Manage the sessions in which users are signed in.")


@cli.command("list")
def list_all(username: Username, *, as_json: AsJson = False) -> None:
    """List the sessions of a user, the most recently used first."""
    sessions = with_user(
        username, lambda services, user: services.accounts.sessions.list_of(user.user_id)
    )
    show([row_of_session(session) for session in sessions], as_json=as_json)


@cli.command("end")
def end(
    session_id: Annotated[str, argument(metavar="SESSION_ID")], *, as_json: AsJson = False
) -> None:
    """End a session, and revoke its tokens."""

    async def run(services: "Services") -> dict[str, Any]:
        users = services.accounts.administration.users
        if not await users.end_session(session_id, authority=FULL):
            raise NotFoundError("There is no session with that ID, or it has ended.")
        return {"ended": session_id}

    show_one(with_services(run), as_json=as_json)
