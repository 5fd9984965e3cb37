"""Acts that objects of several kinds have: enabling, disabling and deleting one."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol, TypeVar

from starlette.responses import Response

from app.pages.admin.base import ConsoleRequest
from app.pages.admin.object_forms import ObjectForm, ObjectRequest
from app.pages.support import redirect

AnyRequest = TypeVar("AnyRequest", bound=ObjectRequest)
Contra = TypeVar("Contra", bound=ConsoleRequest, contravariant=True)


class ActTexts(NamedTuple):
    """The texts of a page on which an act is confirmed; all are translated."""

    heading: str
    introduction: str
    submit: str


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


def delete_form(
    path: str,
    request_of: Callable[..., Awaitable[AnyRequest]],
    delete: Callable[[AnyRequest], Awaitable[None]],
    texts: ActTexts,
) -> ObjectForm[AnyRequest]:
    """Return the form at `path` that deletes an object, and leads to the list of the others."""
    list_url = path.rpartition("/")[0]

    async def run(request: AnyRequest, _typed: Any) -> Response:
        await delete(request)
        return redirect(f"{list_url}?done=deleted")

    return ObjectForm(
        path=f"{path}/delete",
        request_of=request_of,
        heading=texts.heading,
        introduction=texts.introduction,
        submit=texts.submit,
        needs_fresh_sign_in=True,
        is_danger=True,
        run=run,
    )
