"""`/admin/users/+invite`: create an account whose user chooses the password by a link."""

from dataclasses import replace

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import ConsoleRequest, ConsoleRequestDep, changes_router
from app.pages.admin.forms import (
    Field,
    FormView,
    Option,
    form_page,
    parse_body,
    shown_in_form,
    typed_in,
)
from app.pages.admin.user_forms import EMAIL, INVITE, NAME, PATH, USERNAME
from app.pages.support import Errors, redirect, shows_again
from app.schemas.invitations import Invitation
from app.services.accounts.administration.link_delivery import MAILED, RETURNED

changes = changes_router()
routers = (changes,)

MOST_GROUPS = 500
BY_MAIL, AS_LINK = "mail", "link"
GROUP = Field("group_id", N_("Group"), kind="select")
NO_GROUP = Option("", N_("None"))
DELIVERY = Field(
    "delivery",
    N_("Invitation"),
    kind="select",
    options=(
        Option(BY_MAIL, N_("Send it by email")),
        Option(AS_LINK, N_("Show me the link, so that I can pass it on")),
    ),
    is_required=True,
)
FIELDS = (
    replace(EMAIL, is_required=True),
    NAME,
    replace(
        USERNAME,
        hint=N_("If it is empty, the email address is the username."),
        is_required=False,
    ),
)


async def invite_page(request: ConsoleRequest, errors: Errors | None = None) -> Response:
    text = request.text
    groups = await request.services.accounts.groups.list_page(limit=MOST_GROUPS)
    group = replace(
        GROUP.in_language(text),
        options=[
            replace(NO_GROUP, label=text(NO_GROUP.label)),
            *(Option(each.group_id, each.name, is_data=True) for each in groups),
        ],
    )
    fields = [field.in_language(text) for field in FIELDS]
    if request.services.core.outbox is not None:
        fields.append(DELIVERY.in_language(text))
    form = FormView(
        heading=text("Invite a user"),
        introduction=text(
            "The user gets a link, by which they choose a password and set up a second factor."
        ),
        fields=[*fields, group],
        values=typed_in(request, [*fields, group]) if request.is_form else {},
        submit=text("Invite user"),
        cancel_url=PATH,
    )
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{INVITE}")
async def new_invitation(request: ConsoleRequestDep) -> Response:
    return await invite_page(request)


@changes.post(f"{PATH}/{INVITE}")
@shows_again(invite_page)
async def invite_user(request: ConsoleRequestDep) -> Response:
    request.check(*(field.name for field in FIELDS))
    values = {name: value for name, value in typed_in(request, FIELDS).items() if value}
    group_id = request.fields.get(GROUP.name, "")
    groups = [group_id] if group_id else []
    body = parse_body(request, Invitation, {"email": "", **values, "groups": groups}, FIELDS)
    is_mailed = request.services.core.outbox is not None
    is_mailed = is_mailed and request.fields.get(DELIVERY.name) != AS_LINK
    with shown_in_form(request, FIELDS):
        invited = await request.services.accounts.administration.invitations.invite(
            body, delivery=MAILED if is_mailed else RETURNED, authority=request.authority
        )
    url = f"{PATH}/{invited.user.user_id}"
    if invited.link is None:
        return redirect(f"{url}?done=created")
    return request.console_page(
        "admin_secret.html",
        heading=request.text("Pass this link on"),
        introduction=request.text(
            "It is shown once. Anyone who has it can choose the password of the account."
        ),
        object_name=invited.user.username,
        secret=invited.link,
        next_url=url,
    )
