"""`/admin/users/{user_id}/sessions`: the sessions of a user, and ending one of them."""

from starlette.responses import Response

from app.details import Detail
from app.errors import NotFoundError
from app.pages.admin.base import changes_router
from app.pages.admin.forms import FormView, form_page, shown_in_form
from app.pages.admin.user_acts import SIGN_OUT, acts_for
from app.pages.admin.user_forms import PATH, UserRequest, UserRequestDep
from app.pages.admin.views import Badge, Cell, Link, Part, Table
from app.pages.support import Errors, redirect, shows_again
from app.pages.support.user_agents import described
from app.services.accounts.administration.details import UserDetails
from app.services.accounts.sessions import ACR_MFA

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
                    Cell(
                        described(session.user_agent),
                        words=text("Unknown browser"),
                        badges=[Badge(text("two factors"), "good")]
                        if session.acr == ACR_MFA
                        else [],
                    ),
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
    form = FormView(
        heading=request.text("End this session?"),
        object_name=request.subject.username,
        introduction=request.text(
            "The user is signed out in that browser, and apps lose the tokens they got in it."
        ),
        fields=(),
        values={},
        submit=request.text("End session"),
        cancel_url=request.subject_url,
        is_danger=True,
    )
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
