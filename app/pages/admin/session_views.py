"""Sessions as the console shows them: the browser, and the form that ends one."""

from app.models.accounts.sessions import Session
from app.models.accounts.users import User
from app.pages.admin.base import ConsoleRequest
from app.pages.admin.forms import FormView
from app.pages.admin.views import Badge, Cell
from app.pages.support.user_agents import described
from app.services.accounts.sessions import ACR_MFA


def browser_cell(request: ConsoleRequest, session: Session) -> Cell:
    text = request.text
    badges = [Badge(text("two factors"), "good")] if session.acr == ACR_MFA else []
    return Cell(described(session.user_agent), words=text("Unknown browser"), badges=badges)


def form_to_end(request: ConsoleRequest, user: User, *, cancel_url: str) -> FormView:
    """Return the form that ends a session of a user."""
    text = request.text
    return FormView(
        heading=text("End this session?"),
        object_name=user.username,
        introduction=text(
            "The user is signed out in that browser, and apps lose the tokens they got in it."
        ),
        fields=(),
        values={},
        submit=text("End session"),
        cancel_url=cancel_url,
        is_danger=True,
    )
