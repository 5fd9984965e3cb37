"""The role that a page is about, and its form."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from app.i18n.messages import N_
from app.models.accounts.roles import Role
from app.pages.admin.base import ConsoleRequestDep
from app.pages.admin.forms import Field
from app.pages.admin.navigation import url_of
from app.pages.admin.object_forms import ObjectRequest

PLACE = "roles"
PATH = url_of(PLACE)
NAME = Field(
    "name",
    N_("Name"),
    hint=N_("Apps receive it in the claim roles."),
    wrong=N_("Enter 1 to 128 letters, digits and the characters . _ : / -"),
    is_required=True,
    maximum=128,
)
CLIENT = Field(
    "client_id",
    N_("Client ID"),
    hint=N_("Only this app receives the role. Leave it empty for a role that all apps receive."),
    wrong=N_("There is no client with that ID."),
    maximum=255,
)
DESCRIPTION = Field(
    "description", N_("Description"), wrong=N_("Enter at most 1,000 characters."), maximum=1000
)
NEW_FIELDS = (NAME, CLIENT, DESCRIPTION)
FIELDS = (NAME, DESCRIPTION)
"""A role stays with its client."""


@dataclass(frozen=True, slots=True)
class RoleRequest(ObjectRequest):
    """A request for a page about one role."""

    role: Role

    @property
    def url(self) -> str:
        return f"{PATH}/{self.role.role_id}"

    @property
    def shown_name(self) -> str:
        return self.role.name

    @property
    def version(self) -> str:
        return str(self.role.version)


async def get_role_request(request: ConsoleRequestDep, role_id: str) -> RoleRequest:
    """Return the request with its role; raise `NotFoundError` if the role is unknown."""
    role = await request.services.accounts.roles.get(role_id)
    return RoleRequest(request.browser, request.fields, request.signed_in, request.authority, role)


RoleRequestDep = Annotated[RoleRequest, Depends(get_role_request)]


def stored_values(role: Role) -> dict[str, str]:
    """Return the values of the form."""
    return {"name": role.name, "description": role.description}
