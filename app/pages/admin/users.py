"""`/admin/users`: one user, with what belongs to them."""

from collections.abc import Sequence
from dataclasses import replace

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin import (
    user_act_pages,
    user_attributes,
    user_changes,
    user_groups,
    user_invitations,
    user_lists,
    user_roles,
    user_sessions,
)
from app.pages.admin.attribute_views import part_of_attributes
from app.pages.admin.base import ConsoleRequestDep, console_router
from app.pages.admin.navigation import Section
from app.pages.admin.pages import ConsolePage
from app.pages.admin.role_views import part_of_roles
from app.pages.admin.user_acts import (
    DELETE,
    DISABLE,
    ENABLE,
    RESEND_INVITATION,
    REVOKE_INVITATION,
    SEND_VERIFICATION,
    UNLOCK,
    VERIFY_EMAIL,
    acts_for,
)
from app.pages.admin.user_forms import PATH, PLACE, UserRequest, about_user
from app.pages.admin.user_lists import badges_of, email_cell
from app.pages.admin.user_parts import part_of_apps, part_of_factors, part_of_groups
from app.pages.admin.user_sessions import part_of_sessions
from app.pages.admin.views import Badge, Cell, Fact, Link, ObjectView
from app.schemas.admin_scopes import AdminScope
from app.services.accounts.administration.details import UserDetails

router = console_router()


@router.get(f"{PATH}/{{user_id}}")
async def show_user(console_request: ConsoleRequestDep, user_id: str) -> Response:
    administration = console_request.services.accounts.administration
    details = await administration.details.read(user_id)
    request = about_user(console_request, details.user)
    text, url = request.text, request.subject_url
    badges = [*badges_of(details.user, text)]
    if any(role.is_reserved for role in details.roles):
        badges.append(Badge(text("console"), "note"))
    view = ObjectView(
        title=details.user.username,
        back=Link(text("Users"), PATH),
        badges=badges,
        links=request.offered(
            Link(text("Edit"), f"{url}/edit"), *acts_for(request, details, ENABLE, DISABLE, DELETE)
        ),
        facts=_facts(request, details),
        parts=[
            part_of_factors(request, details),
            part_of_groups(request, details),
            part_of_roles(
                request,
                details.roles,
                url=url,
                empty=text("No role, apart from those of the groups."),
            ),
            part_of_attributes(request, details.attributes, url=url),
            part_of_sessions(request, details),
            await part_of_apps(request, details),
        ],
    )
    return request.console_page("admin_object.html", object=view)


def _facts(request: UserRequest, details: UserDetails) -> Sequence[Fact]:
    text, user, figures = request.text, details.user, details.figures
    claims, email = user.standard_claims, email_cell(user, text)
    email_links = acts_for(request, details, VERIFY_EMAIL, SEND_VERIFICATION)
    facts = [
        Fact(text("Name"), Cell(claims.name or "", words=text("None"))),
        Fact(text("Email"), replace(email, words=text("None"), links=email_links)),
        Fact(text("User ID"), Cell(user.user_id, is_code=True)),
        Fact(text("Created"), Cell(at=user.created_at)),
        Fact(text("Last sign-in"), Cell(at=figures.last_sign_in_at, words=text("Never"))),
    ]
    if figures.invited_until is not None:
        links = acts_for(request, details, RESEND_INVITATION, REVOKE_INVITATION)
        facts.append(Fact(text("Invited until"), Cell(at=figures.invited_until, links=links)))
    if details.locked_until is not None:
        links = acts_for(request, details, UNLOCK)
        facts.append(
            Fact(text("Sign-in delayed until"), Cell(at=details.locked_until, links=links))
        )
    return facts


PAGE = ConsolePage(
    place=PLACE,
    label=N_("Users"),
    section=Section.PEOPLE,
    scope=AdminScope.USERS_READ,
    routers=(
        user_lists.router,
        *user_changes.routers,
        *user_invitations.routers,
        *user_groups.routers,
        *user_roles.routers,
        *user_attributes.routers,
        *user_sessions.routers,
        *user_act_pages.routers,
        router,
    ),
)
