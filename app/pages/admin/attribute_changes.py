"""`/admin/attributes`: define an attribute, and change or delete its definition."""

from starlette.responses import Response

from app.pages.admin.attribute_forms import (
    FIELDS,
    NEW_FIELDS,
    PATH,
    DefinitionRequest,
    DefinitionRequestDep,
    stored_values,
)
from app.pages.admin.base import (
    NEW,
    ConsoleRequest,
    ConsoleRequestDep,
    changes_router,
    dangerous_router,
)
from app.pages.admin.forms import (
    FormView,
    form_page,
    parse_body,
    require_current,
    shown_in_form,
    typed_in,
)
from app.pages.support import Errors, redirect, shows_again
from app.schemas.attributes import AttributeDefinitionBody

changes, dangerous = changes_router(), dangerous_router()
routers = (changes, dangerous)


async def new_attribute_page(request: ConsoleRequest, errors: Errors | None = None) -> Response:
    form = FormView(
        heading=request.text("Define an attribute"),
        fields=[field.in_language(request.text) for field in NEW_FIELDS],
        values=typed_in(request, NEW_FIELDS) if request.is_form else {},
        submit=request.text("Define attribute"),
        cancel_url=PATH,
    )
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{NEW}")
async def new_attribute(request: ConsoleRequestDep) -> Response:
    return await new_attribute_page(request)


@changes.post(f"{PATH}/{NEW}")
@shows_again(new_attribute_page)
async def define_attribute(request: ConsoleRequestDep) -> Response:
    request.check("name", "description")
    typed = typed_in(request, NEW_FIELDS)
    body = parse_body(request, AttributeDefinitionBody, typed, NEW_FIELDS)
    with shown_in_form(request, NEW_FIELDS):
        await request.services.accounts.attributes.define(body, authority=request.authority)
    return redirect(f"{PATH}/{body.name}?done=created")


async def edit_page(request: DefinitionRequest, errors: Errors | None = None) -> Response:
    stored = stored_values(request.definition)
    form = FormView(
        heading=request.text("Edit attribute"),
        object_name=request.definition.name,
        fields=[field.in_language(request.text) for field in FIELDS],
        values=typed_in(request, FIELDS) if request.is_form else stored,
        submit=request.text("Save"),
        cancel_url=request.definition_url,
        version=str(request.definition.version),
    )
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{{name}}/edit")
async def edit_attribute(request: DefinitionRequestDep) -> Response:
    return await edit_page(request)


@changes.post(f"{PATH}/{{name}}/edit")
@shows_again(edit_page)
async def save_attribute(request: DefinitionRequestDep) -> Response:
    request.check("description")
    definition, typed = request.definition, typed_in(request, FIELDS)
    require_current(request, definition.version, typed=typed, stored=stored_values(definition))
    values = {**typed, "name": definition.name, "type": definition.type}
    body = parse_body(request, AttributeDefinitionBody, values, FIELDS)
    with shown_in_form(request, FIELDS):
        await request.services.accounts.attributes.change(
            definition.name, body, version=definition.version, authority=request.authority
        )
    return redirect(f"{request.definition_url}?done=saved")


async def delete_page(request: DefinitionRequest, errors: Errors | None = None) -> Response:
    form = FormView(
        heading=request.text("Delete this attribute?"),
        object_name=request.definition.name,
        introduction=request.text(
            "Apps no longer receive it. Its values are kept, and are back if you define it again."
        ),
        fields=(),
        values={},
        submit=request.text("Delete attribute"),
        cancel_url=request.definition_url,
        version=str(request.definition.version),
        is_danger=True,
    )
    return form_page(request, form, errors)


@dangerous.get(f"{PATH}/{{name}}/delete")
async def confirm_deletion(request: DefinitionRequestDep) -> Response:
    return await delete_page(request)


@dangerous.post(f"{PATH}/{{name}}/delete")
@shows_again(delete_page)
async def delete_attribute(request: DefinitionRequestDep) -> Response:
    request.check()
    require_current(request, request.definition.version)
    with shown_in_form(request):
        await request.services.accounts.attributes.delete(
            request.definition.name,
            version=request.definition.version,
            authority=request.authority,
        )
    return redirect(f"{PATH}?done=deleted")
