"""`/admin`: the state of the server, and the first steps on one that is new."""

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import ConsoleRequestDep, console_router
from app.pages.admin.navigation import Section, url_of
from app.pages.admin.pages import ConsolePage
from app.pages.support.urls import CONSOLE
from app.schemas.admin_scopes import AdminScope

router = console_router()
PLACE = ""


@router.get(CONSOLE)
async def dashboard(request: ConsoleRequestDep) -> Response:
    return request.console_page("admin_dashboard.html", users_url=url_of("users"))


PAGE = ConsolePage(
    place=PLACE,
    label=N_("Dashboard"),
    section=Section.OVERVIEW,
    scope=AdminScope.AUDIT_READ,
    routers=(router,),
)
