"""`/admin/users/{user_id}/…`: the page on which each act on an account is confirmed."""

from collections.abc import Mapping

from starlette.responses import Response

from app.pages.admin.object_forms import ObjectForm, form_routers
from app.pages.admin.user_acts import ACTS, UserAct
from app.pages.admin.user_forms import PATH, UserRequest, get_user_request
from app.pages.support import redirect


def _form_of(act: UserAct) -> ObjectForm[UserRequest]:
    async def run(request: UserRequest, _typed: Mapping[str, str]) -> Response:
        await act.run(request)
        if act.leads_to_list:
            return redirect(f"{PATH}?done=deleted")
        return redirect(f"{request.url}?done=saved")

    return ObjectForm(
        path=f"{PATH}/{{user_id}}/{act.place}",
        request_of=get_user_request,
        heading=act.heading,
        introduction=act.explanation,
        submit=act.submit,
        needs_fresh_sign_in=act.needs_fresh_sign_in,
        is_danger=act.is_danger,
        is_versioned=False,
        shows_limits=False,
        run=run,
    )


routers = changes, dangerous = form_routers(*map(_form_of, ACTS))
