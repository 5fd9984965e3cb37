"""`/admin/settings`: the settings in force, without secrets. They are set in the environment."""

from itertools import groupby

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import ConsoleRequest, ConsoleRequestDep, console_router
from app.pages.admin.navigation import Section, url_of
from app.pages.admin.pages import ConsolePage
from app.pages.admin.views import Badge, Cell, ObjectView, Part, Table
from app.schemas.admin_scopes import AdminScope
from app.settings import SettingInForce, settings_in_force

router = console_router()

PLACE = "settings"
PATH = url_of(PLACE)
LANGUAGE_OF_DESCRIPTIONS = "en"
"""They are those of the documentation."""
GROUPS = {
    "Server": N_("Server"),
    "Client certificates": N_("Client certificates"),
    "Secrets and registration": N_("Secrets and registration"),
    "Database": N_("Database"),
    "Tokens and one-time passwords": N_("Tokens and one-time passwords"),
    "Brand": N_("Brand"),
    "Rate limits": N_("Rate limits"),
    "Mail": N_("Mail"),
    "Passwords": N_("Passwords"),
    "Endpoints and logs": N_("Endpoints and logs"),
}
"""The headings of the groups."""


@router.get(PATH)
async def show_settings(request: ConsoleRequestDep) -> Response:
    text = request.text
    settings = settings_in_force(request.services.core.settings)
    view = ObjectView(
        title=text("Settings in force"),
        introduction=text(
            "Set them in the environment or in .env, then restart the server. Secrets aren't shown."
        ),
        parts=[
            Part(text(GROUPS[group]), _table(request, list(of_group)))
            for group, of_group in groupby(settings, key=lambda each: each.group)
        ],
    )
    return request.console_page("admin_object.html", object=view)


def _table(request: ConsoleRequest, settings: list[SettingInForce]) -> Table:
    text = request.text
    return Table(
        columns=[text("Setting"), text("Value"), text("State")],
        rows=[
            [
                Cell(
                    each.name,
                    small=each.description,
                    lang=LANGUAGE_OF_DESCRIPTIONS,
                    is_code=True,
                ),
                _value(request, each),
                Cell(
                    badges=[
                        Badge(text("default"))
                        if each.is_default
                        else Badge(text("changed"), "note")
                    ]
                ),
            ]
            for each in settings
        ],
        empty="",
    )


def _value(request: ConsoleRequest, setting: SettingInForce) -> Cell:
    text = request.text
    if setting.is_secret:
        return Cell(words=text("set") if setting.is_set else text("not set"))
    return Cell(setting.value or "", words=text("not set"), is_code=bool(setting.value))


PAGE = ConsolePage(
    place=PLACE,
    label=N_("Settings"),
    section=Section.SERVER,
    scope=AdminScope.SETTINGS_READ,
    routers=(router,),
)
