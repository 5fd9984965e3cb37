"""`/admin/groups/{group_id}/attributes`: set the values of the attributes of a group."""

import json

from starlette.responses import Response

from app.pages.admin.attribute_views import change_in, definitions_for, fields_for
from app.pages.admin.base import changes_router
from app.pages.admin.forms import (
    FormView,
    form_page,
    require_current,
    shown_in_form,
    typed_in,
)
from app.pages.admin.group_forms import PATH, GroupRequest, GroupRequestDep
from app.pages.support import Errors, redirect, shows_again
from app.schemas.groups import GroupBody

changes = changes_router()
routers = (changes,)


async def attributes_page(request: GroupRequest, errors: Errors | None = None) -> Response:
    definitions = await definitions_for(request, "groups")
    names = {*definitions, *json.loads(request.group.attributes)}
    fields = fields_for(request, names)
    form = FormView(
        heading=request.text("Set an attribute"),
        object_name=request.group.name,
        introduction="" if names else request.text("Define an attribute for groups first."),
        fields=fields if names else (),
        values=typed_in(request, fields) if request.is_form else {},
        submit=request.text("Save") if names else "",
        cancel_url=request.url,
        version=str(request.group.version),
    )
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{{group_id}}/attributes")
async def group_attributes(request: GroupRequestDep) -> Response:
    return await attributes_page(request)


@changes.post(f"{PATH}/{{group_id}}/attributes")
@shows_again(attributes_page)
async def set_group_attribute(request: GroupRequestDep) -> Response:
    request.check("value")
    group = request.group
    require_current(request, group.version)
    change = change_in(request, await definitions_for(request, "groups"))
    attributes = {**json.loads(group.attributes), **change}
    body = GroupBody.model_validate(
        {
            "name": group.name,
            "description": group.description,
            "second_factor": group.second_factor,
            "attributes": {name: value for name, value in attributes.items() if value is not None},
        }
    )
    with shown_in_form(request):
        await request.services.accounts.groups.change(
            group.group_id, body, version=group.version, authority=request.authority
        )
    return redirect(f"{request.url}?done=saved")
