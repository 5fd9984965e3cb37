"""Roles on the pages of users and groups, and the form that grants one."""

from collections.abc import Sequence

from app.i18n.messages import N_
from app.models.accounts.roles import ADMINISTRATOR, AUDITOR, Role
from app.pages.admin.base import ConsoleRequest
from app.pages.admin.navigation import url_of
from app.pages.admin.views import Badge, Cell, Link, Part, Table

RESERVED = {
    ADMINISTRATOR: N_("Opens this console, and may change everything."),
    AUDITOR: N_("Opens this console, and may read everything."),
}
"""What the reserved roles are for, instead of their stored descriptions."""


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


def label_of(role: Role) -> str:
    """Return the name of a role, after the ID of its client if it has one."""
    return f"{role.client_id}: {role.name}" if role.client_id else role.name


def _links(request: ConsoleRequest, role: Role, url: str) -> Sequence[Link]:
    return request.offered(Link(request.text("Take away"), f"{url}/roles/{role.role_id}"))
