"""`/admin/users/{user_id}/attributes`: set the values of the attributes of a user."""

from starlette.responses import Response

from app.pages.admin.attribute_views import change_in, definitions_for, fields_for
from app.pages.admin.base import changes_router
from app.pages.admin.forms import FormView, form_page, shown_in_form, typed_in
from app.pages.admin.user_forms import PATH, UserRequest, UserRequestDep
from app.pages.support import Errors, redirect, shows_again

changes = changes_router()
routers = (changes,)


async def attributes_page(request: UserRequest, errors: Errors | None = None) -> Response:
    definitions = await definitions_for(request, "users")
    values = await request.services.accounts.user_attributes.of(request.subject.user_id)
    names = {*definitions, *values}
    fields = fields_for(request, names)
    form = FormView(
        heading=request.text("Set an attribute"),
        object_name=request.subject.username,
        introduction="" if names else request.text("Define an attribute for users first."),
        fields=fields if names else (),
        values=typed_in(request, fields) if request.is_form else {},
        submit=request.text("Save") if names else "",
        cancel_url=request.subject_url,
    )
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{{user_id}}/attributes")
async def user_attributes(request: UserRequestDep) -> Response:
    return await attributes_page(request)


@changes.post(f"{PATH}/{{user_id}}/attributes")
@shows_again(attributes_page)
async def set_user_attribute(request: UserRequestDep) -> Response:
    request.check("value")
    change = change_in(request, await definitions_for(request, "users"))
    with shown_in_form(request):
        await request.services.accounts.user_attributes.set(
            request.subject.user_id, change, authority=request.authority
        )
    return redirect(f"{request.subject_url}?done=saved")
