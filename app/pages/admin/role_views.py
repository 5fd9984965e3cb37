"""Roles on the pages of users and groups, and the form that grants one."""

from collections.abc import Sequence
from dataclasses import replace

from app.i18n.messages import N_
from app.models.accounts.roles import ADMINISTRATOR, AUDITOR, Role
from app.pages.admin.base import ConsoleRequest
from app.pages.admin.forms import Field, FormView, Option, typed_in
from app.pages.admin.navigation import url_of
from app.pages.admin.views import Badge, Cell, Link, Part, Table

ROLE = Field("role_id", N_("Role"), kind="select", is_required=True)
RESERVED = {
    ADMINISTRATOR: N_("Opens this console, and may change everything."),
    AUDITOR: N_("Opens this console, and may read everything."),
}
"""What the reserved roles are for, instead of their stored descriptions."""
MOST_ROLES = 500
"""How many roles can be selected."""


def part_of_roles(request: ConsoleRequest, roles: Sequence[Role], *, url: str, empty: str) -> Part:
    text = request.text
    return Part(
        text("Roles"),
        Table(
            columns=[text("Role"), text("For"), text("Actions")],
            rows=[
                [
                    name_cell(request, role),
                    Cell(role.client_id, words=text("All apps")),
                    Cell(links=_links(request, role, url)),
                ]
                for role in roles
            ],
            empty=empty,
        ),
        links=request.offered(Link(text("Grant a role"), f"{url}/roles")),
    )


def name_cell(request: ConsoleRequest, role: Role) -> Cell:
    badges = [Badge(request.text("console"), "note")] if role.is_reserved else []
    return Cell(role.name, url=f"{url_of('roles')}/{role.role_id}", badges=badges)


def description_cell(request: ConsoleRequest, role: Role) -> Cell:
    if role.is_reserved:
        return Cell(words=request.text(RESERVED[role.role_id]))
    return Cell(role.description)


async def grant_form(request: ConsoleRequest, *, of: str, cancel_url: str) -> FormView:
    """Return the form that grants a role to the user or group of this name."""
    roles = await request.services.accounts.roles.list_page(limit=MOST_ROLES)
    options = [Option(role.role_id, label_of(role), is_data=True) for role in roles]
    return FormView(
        heading=request.text("Grant a role"),
        object_name=of,
        introduction=request.text(
            "The roles administrator and auditor open this console. Other roles are for apps."
        ),
        fields=[replace(ROLE.in_language(request.text), options=options)],
        values=typed_in(request, [ROLE]) if request.is_form else {},
        submit=request.text("Grant role"),
        cancel_url=cancel_url,
    )


async def revoke_form(request: ConsoleRequest, *, of: str, cancel_url: str) -> FormView:
    """Return the form that takes the role in the path away from the user or group of this name."""
    role = await request.services.accounts.roles.get(request.path_parameter("role_id"))
    return FormView(
        heading=request.text("Take away this role?"),
        object_name=label_of(role),
        introduction=request.text("%(name)s loses what apps allow with this role.") % {"name": of},
        fields=(),
        values={},
        submit=request.text("Take away role"),
        cancel_url=cancel_url,
        is_danger=True,
    )


def label_of(role: Role) -> str:
    """Return the name of a role, after the ID of its client if it has one."""
    return f"{role.client_id}: {role.name}" if role.client_id else role.name


def _links(request: ConsoleRequest, role: Role, url: str) -> Sequence[Link]:
    return request.offered(Link(request.text("Take away"), f"{url}/roles/{role.role_id}"))
