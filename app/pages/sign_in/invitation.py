"""`/invitation`: an invited user sets the password, and then a second factor."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from app.errors import InvalidInputError
from app.pages.sign_in.second_factor import ask_second_factor
from app.pages.support import (
    AnswerInsteadError,
    Errors,
    PageRequest,
    PageRequestDep,
    ShowAgainError,
    load_interaction,
    page_router,
    shows_again,
)
from app.pages.support.email_links import (
    OpenedLink,
    expired_page,
    hide_token,
    link_cookie,
    opened_link,
)
from app.pages.support.messages import BUSY
from app.pages.support.urls import INVITATION, LOGIN
from app.services.accounts.sessions import AMR_PASSWORD

router = page_router()

COOKIE = link_cookie("postern_invitation")


@dataclass(frozen=True, slots=True)
class InvitationRequest(PageRequest):
    """A request for the page of an invitation that was opened in this browser."""

    opened: OpenedLink


async def get_invitation_request(request: PageRequestDep) -> InvitationRequest:
    hide_token(request, COOKIE, path=INVITATION)
    opened = await opened_link(request, COOKIE, request.services.accounts.invitations.find)
    if opened is None:
        raise AnswerInsteadError(_expired_page(request))
    return InvitationRequest(request.browser, request.fields, opened)


InvitationRequestDep = Annotated[InvitationRequest, Depends(get_invitation_request)]


async def invitation_page(request: InvitationRequest, errors: Errors | None = None) -> Response:
    opened = request.opened
    return request.page(
        "invitation.html",
        errors,
        link=opened.name,
        username=opened.user.username,
        minimum_length=request.services.core.settings.password_min_length,
    )


@router.get(INVITATION)
async def invitation(request: InvitationRequestDep) -> Response:
    """Show the page without changing anything, because mail scanners open links, too."""
    return await invitation_page(request)


@router.post(INVITATION)
@shows_again(invitation_page, busy=BUSY, shows_limits=False)
async def accept(request: InvitationRequestDep) -> Response:
    """Set the password, which counts as the first factor of a sign-in."""
    request.check("password")
    try:
        user = await request.services.accounts.invitations.accept(
            request.opened.token, request.fields.get("password", "")
        )
    except InvalidInputError as error:
        raise ShowAgainError({"password": error.translated(request.text)}) from None
    if user is None:
        return _expired_page(request)
    COOKIE.clear(request.browser)
    interaction = await load_interaction(request)
    return await ask_second_factor(interaction, user, first_factor=AMR_PASSWORD)


def _expired_page(request: PageRequest) -> Response:
    return expired_page(request, COOKIE, next_url=LOGIN, is_for_password=True)
