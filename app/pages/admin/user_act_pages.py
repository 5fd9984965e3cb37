"""`/admin/users/{user_id}/…`: the page on which each act on an account is confirmed."""

from starlette.responses import Response

from app.pages.admin.base import changes_router, dangerous_router
from app.pages.admin.forms import FormView, form_page, shown_in_form
from app.pages.admin.user_acts import ACTS, UserAct
from app.pages.admin.user_forms import PATH, UserRequest, UserRequestDep
from app.pages.support import Errors, redirect, shows_again

changes, dangerous = changes_router(), dangerous_router()
routers = (changes, dangerous)


def _add(act: UserAct) -> None:
    """Add the page of an act, and its form."""

    async def act_page(request: UserRequest, errors: Errors | None = None) -> Response:
        form = FormView(
            heading=request.text(act.heading),
            object_name=request.subject.username,
            introduction=request.text(act.explanation),
            fields=(),
            values={},
            submit=request.text(act.submit),
            cancel_url=request.subject_url,
            is_danger=act.is_danger,
        )
        return form_page(request, form, errors)

    async def confirm_act(request: UserRequestDep) -> Response:
        return await act_page(request)

    @shows_again(act_page, shows_limits=False)
    async def run_act(request: UserRequestDep) -> Response:
        request.check()
        with shown_in_form(request):
            await act.run(request)
        if act.leads_to_list:
            return redirect(f"{PATH}?done=deleted")
        return redirect(f"{request.subject_url}?done=saved")

    router = dangerous if act.needs_fresh_sign_in else changes
    path = f"{PATH}/{{user_id}}/{act.place}"
    router.add_api_route(path, confirm_act, methods=["GET"])
    router.add_api_route(path, run_act, methods=["POST"])


for each in ACTS:
    _add(each)
