"""The group that a page is about, and its form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from app.i18n.messages import N_
from app.models.accounts.groups import Group
from app.pages.admin.base import ConsoleRequestDep
from app.pages.admin.forms import Field, Option
from app.pages.admin.navigation import url_of
from app.pages.admin.object_forms import ObjectRequest

PLACE = "groups"
PATH = url_of(PLACE)
NAME = Field(
    "name",
    N_("Name"),
    hint=N_("Apps receive it in the claim groups."),
    wrong=N_("Enter a name of 1 to 128 characters."),
    is_required=True,
    maximum=128,
)
DESCRIPTION = Field(
    "description", N_("Description"), wrong=N_("Enter at most 1,000 characters."), maximum=1000
)
SECOND_FACTOR = Field(
    "second_factor",
    N_("Second factor at sign-in"),
    hint=N_(
        "It replaces the general policy for the members. If a user is in several "
        "groups, the strictest policy applies."
    ),
    wrong=N_("Choose one of the policies."),
    kind="select",
    options=(
        Option("", N_("Same as the general policy")),
        Option("required", N_("Required")),
        Option("passkey_first", N_("Required, and a passkey is offered first")),
        Option("optional", N_("Optional")),
    ),
)
FIELDS = (NAME, DESCRIPTION, SECOND_FACTOR)


@dataclass(frozen=True, slots=True)
class GroupRequest(ObjectRequest):
    """A request for a page about one group."""

    group: Group

    @property
    def url(self) -> str:
        return f"{PATH}/{self.group.group_id}"

    @property
    def shown_name(self) -> str:
        return self.group.name

    @property
    def version(self) -> str:
        return str(self.group.version)


async def get_group_request(request: ConsoleRequestDep, group_id: str) -> GroupRequest:
    """Return the request with its group; raise `NotFoundError` if the group is unknown."""
    group = await request.services.accounts.groups.get(group_id)
    return GroupRequest(
        request.browser, request.fields, request.signed_in, request.authority, group
    )


GroupRequestDep = Annotated[GroupRequest, Depends(get_group_request)]


def stored_values(group: Group) -> dict[str, str]:
    """Return the values of the form."""
    return {
        "name": group.name,
        "description": group.description,
        "second_factor": group.second_factor or "",
    }


def body_values(typed: Mapping[str, str]) -> dict[str, str | None]:
    """Return the values of a body; an empty policy is none."""
    return {**typed, "second_factor": typed["second_factor"] or None}
