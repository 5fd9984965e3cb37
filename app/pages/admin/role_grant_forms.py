"""Forms that grant a role to a user or a group, and take it away: one declaration for both."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends
from starlette.responses import Response

from app.i18n.messages import N_
from app.models.accounts.roles import Role
from app.pages.admin.forms import Field, Option
from app.pages.admin.object_forms import ObjectForm, ObjectRequest, form_routers
from app.pages.admin.role_views import label_of
from app.pages.support import redirect

HolderRequest = TypeVar("HolderRequest", bound=ObjectRequest)
Change = Callable[[HolderRequest, str], Awaitable[bool]]
"""Grant the role with an ID to the user or group of a request, or take it away."""
ROLE = Field("role_id", N_("Role"), kind="select", is_required=True)
MOST_ROLES = 500
"""How many roles can be selected."""


@dataclass(frozen=True, slots=True)
class HeldRoleRequest(ObjectRequest):
    """A request for a page about a role of a user or a group."""

    holder: ObjectRequest
    role: Role

    @property
    def url(self) -> str:
        return self.holder.url

    @property
    def shown_name(self) -> str:
        return label_of(self.role)

    @property
    def version(self) -> str:
        return str(self.role.version)


def role_grant_routers(
    path: str,
    request_of: Callable[..., Awaitable[HolderRequest]],
    *,
    grant: Change[HolderRequest],
    revoke: Change[HolderRequest],
) -> tuple[APIRouter, APIRouter]:
    """Return the routers of the forms below the page of a user or group at `path`."""

    async def get_held_role(
        request: Annotated[HolderRequest, Depends(request_of)], role_id: str
    ) -> HeldRoleRequest:
        role = await request.services.accounts.roles.get(role_id)
        return HeldRoleRequest(
            request.browser, request.fields, request.signed_in, request.authority, request, role
        )

    async def run_grant(request: HolderRequest, typed: Mapping[str, str]) -> Response:
        await grant(request, typed[ROLE.name])
        return redirect(f"{request.url}?done=added")

    async def run_revoke(request: HeldRoleRequest, _typed: Mapping[str, str]) -> Response:
        await revoke(request.holder, request.role.role_id)  # type: ignore[arg-type]  # of request_of
        return redirect(f"{request.url}?done=removed")

    return form_routers(
        ObjectForm(
            path=f"{path}/roles",
            request_of=request_of,
            heading=N_("Grant a role"),
            introduction=N_(
                "The roles administrator and auditor open this console. Other roles are for apps."
            ),
            submit=N_("Grant role"),
            needs_fresh_sign_in=True,
            is_versioned=False,
            fields=_fields,
            run=run_grant,
        ),
        ObjectForm(
            path=f"{path}/roles/{{role_id}}",
            request_of=get_held_role,
            heading=N_("Take away this role?"),
            introduction=_loss,
            submit=N_("Take away role"),
            needs_fresh_sign_in=True,
            is_versioned=False,
            is_danger=True,
            run=run_revoke,
        ),
    )


async def _fields(request: ObjectRequest) -> Sequence[Field]:
    roles = await request.services.accounts.roles.list_page(limit=MOST_ROLES)
    options = [Option(role.role_id, label_of(role), is_data=True) for role in roles]
    return [replace(ROLE, options=options)]


def _loss(request: HeldRoleRequest) -> str:
    sentence = request.text("%(name)s loses what apps allow with this role.")
    return sentence % {"name": request.holder.shown_name}
