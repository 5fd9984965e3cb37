"""`/admin`: what happened lately, and the first steps on a new server."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from app.i18n.messages import N_
from app.models.accounts.roles import ADMINISTRATOR
from app.pages.admin.audit_views import PATH as AUDIT
from app.pages.admin.audit_views import table_of_events
from app.pages.admin.base import ConsoleRequest, ConsoleRequestDep, console_router
from app.pages.admin.dashboard_charts import charts_of, part_of_refusals, part_of_top_clients
from app.pages.admin.navigation import Section, url_of
from app.pages.admin.pages import ConsolePage
from app.pages.admin.views import Link, Part
from app.pages.support.urls import CONSOLE
from app.schemas.admin_scopes import AdminScope

router = console_router()

PLACE = ""
RECENT = 8
"""How many events the page shows."""


@dataclass(frozen=True, slots=True)
class Step:
    """A first step on a new server, and where it is done; "" if that is not in the console."""

    text: str
    url: str
    is_done: bool


@router.get(CONSOLE)
async def dashboard(request: ConsoleRequestDep) -> Response:
    text = request.text
    events = await request.services.core.audit.list_newest(limit=RECENT)
    activity = Part(
        text("Recent activity"),
        await table_of_events(
            request,
            events[:RECENT],
            empty=text("Sign-ins, changes and refusals appear here as they happen."),
        ),
        links=[Link(text("Show the audit log"), AUDIT)],
    )
    steps = await _steps(request)
    return request.console_page(
        "admin_dashboard.html",
        steps=[] if all(step.is_done for step in steps) else steps,
        charts=await charts_of(request),
        parts_below=[await part_of_refusals(request), await part_of_top_clients(request), activity],
    )


async def _steps(request: ConsoleRequest) -> Sequence[Step]:
    text, services = request.text, request.services
    administrators = await services.accounts.role_grants.list_of_role(ADMINISTRATOR, limit=2)
    return [
        Step(
            text("Set up email, so that users can reset their passwords (SMTP_HOST)."),
            "",
            services.core.outbox is not None,
        ),
        Step(
            text("Make a second user an administrator, so that nobody is locked out."),
            f"{url_of('roles')}/{ADMINISTRATOR}",
            len(administrators) > 1,
        ),
        Step(
            text("Create a group, and let it decide who can use an app."),
            url_of("groups"),
            bool(await services.accounts.groups.list_page(limit=1)),
        ),
    ]


PAGE = ConsolePage(
    place=PLACE,
    label=N_("Dashboard"),
    section=Section.OVERVIEW,
    scope=AdminScope.AUDIT_READ,
    routers=(router,),
)
