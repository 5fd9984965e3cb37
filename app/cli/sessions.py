"""`postern sessions …`: list and end the sessions of users."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.base import with_services
from app.cli.listing import first_rows, print_pages
from app.cli.moments import parse_moment
from app.cli.output import show_one
from app.cli.parameters import AsJson, Limit, argument, option
from app.cli.parsing import Commands
from app.cli.rows import Row
from app.cli.user_rows import row_of_session
from app.errors import NotFoundError
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.wiring import Services

cli = Commands("sessions", help="Manage the sessions in which users are signed in.")


@cli.command("list")
def list_all(
    username: Annotated[
        str | None, argument(help="Only sessions of this user; without it, of all users.")
    ] = None,
    *,
    since: Annotated[
        str | None,
        option("--since", metavar="ISO", help="Only sign-ins from this time on."),
    ] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List sessions, the newest sign-in first."""
    earliest = parse_moment(since, "--since") if since is not None else None

    async def pages(services: "Services") -> AsyncIterator[list[Row]]:
        sessions, user_id = services.accounts.sessions, None
        if username is not None:
            user_id = (await services.accounts.users.get(username)).user_id
        page = await sessions.list_page(user_id=user_id, since=earliest)
        while page:
            yield [{"username": each.username, **row_of_session(each.session)} for each in page]
            after = page[-1].position
            page = await sessions.list_page(user_id=user_id, since=earliest, after=after)

    print_pages(first_rows(pages, limit), as_json=as_json)


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
