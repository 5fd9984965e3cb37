"""Disabling and enabling, which objects of several kinds have."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from starlette.responses import Response

from app.pages.admin.base import ConsoleRequest
from app.pages.admin.object_forms import ActTexts, ObjectForm, ObjectRequest
from app.pages.support import redirect

AnyRequest = TypeVar("AnyRequest", bound=ObjectRequest)
Contra = TypeVar("Contra", bound=ConsoleRequest, contravariant=True)


class SetDisabled(Protocol[Contra]):
    """Disable the object of a request, or enable it."""

    def __call__(self, request: Contra, *, disabled: bool) -> Awaitable[Any]: ...


def switch_forms(
    path: str,
    request_of: Callable[..., Awaitable[AnyRequest]],
    set_disabled: SetDisabled[AnyRequest],
    *,
    disable: ActTexts,
    enable: ActTexts,
    is_versioned: bool,
) -> tuple[ObjectForm[AnyRequest], ObjectForm[AnyRequest]]:
    """Return the forms at `path` that disable an object, and enable it again."""

    async def run_disable(request: AnyRequest, _typed: Any) -> Response:
        await set_disabled(request, disabled=True)
        return redirect(f"{request.url}?done=saved")

    async def run_enable(request: AnyRequest, _typed: Any) -> Response:
        await set_disabled(request, disabled=False)
        return redirect(f"{request.url}?done=saved")

    return (
        ObjectForm(
            path=f"{path}/disable",
            request_of=request_of,
            heading=disable.heading,
            introduction=disable.introduction,
            submit=disable.submit,
            needs_fresh_sign_in=True,
            is_versioned=is_versioned,
            is_danger=True,
            run=run_disable,
        ),
        ObjectForm(
            path=f"{path}/enable",
            request_of=request_of,
            heading=enable.heading,
            introduction=enable.introduction,
            submit=enable.submit,
            needs_fresh_sign_in=True,
            is_versioned=is_versioned,
            run=run_enable,
        ),
    )
