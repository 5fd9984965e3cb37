"""`/admin/users/{user_id}/sessions`: the sessions of a user, and ending one of them."""

from starlette.responses import Response

from app.details import Detail
from app.errors import NotFoundError
from app.pages.admin.base import changes_router
from app.pages.admin.forms import form_page, shown_in_form
from app.pages.admin.session_views import browser_cell, form_to_end
from app.pages.admin.user_acts import SIGN_OUT, acts_for
from app.pages.admin.user_forms import PATH, UserRequest, UserRequestDep
from app.pages.admin.views import Cell, Link, Part, Table
from app.pages.support import Errors, redirect, shows_again
from app.services.accounts.administration.details import UserDetails

changes = changes_router()
routers = (changes,)


def part_of_sessions(request: UserRequest, details: UserDetails) -> Part:
    text, url = request.text, request.subject_url
    return Part(
        text("Sessions"),
        Table(
            columns=[
                *(text("Browser"), text("Address"), text("Signed in"), text("Last seen")),
                text("Actions"),
            ],
            rows=[
                [
                    browser_cell(request, session),
                    Cell(session.address),
                    Cell(at=session.auth_time),
                    Cell(at=session.last_seen_at),
                    Cell(
                        links=request.offered(
                            Link(text("End"), f"{url}/sessions/{session.session_id}")
                        )
                    ),
                ]
                for session in details.sessions
            ],
            empty=text("Not signed in anywhere."),
        ),
        links=acts_for(request, details, SIGN_OUT),
    )


async def end_page(request: UserRequest, errors: Errors | None = None) -> Response:
    form = form_to_end(request, request.subject, cancel_url=request.subject_url)
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{{user_id}}/sessions/{{session_id}}")
async def confirm_end(request: UserRequestDep) -> Response:
    return await end_page(request)


@changes.post(f"{PATH}/{{user_id}}/sessions/{{session_id}}")
@shows_again(end_page)
async def end_session(request: UserRequestDep) -> Response:
    request.check()
    accounts, session_id = request.services.accounts, request.path_parameter("session_id")
    signed_in = await accounts.sessions.find_by_id(session_id)
    if signed_in is None or signed_in.user.user_id != request.subject.user_id:
        raise NotFoundError(Detail.SESSION_UNKNOWN)
    with shown_in_form(request):
        await accounts.administration.users.end_session(session_id, authority=request.authority)
    return redirect(f"{request.subject_url}?done=removed")
