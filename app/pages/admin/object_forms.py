"""Forms about objects: one declaration for each, from which its page and its routes are made."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

from fastapi import APIRouter, Depends
from starlette.responses import Response

from app.pages.admin.base import ConsoleRequest, changes_router, dangerous_router
from app.pages.admin.forms import (
    Field,
    FormView,
    form_page,
    require_current,
    shown_in_form,
    typed_in,
)
from app.pages.support import Errors, redirect, shows_again

AnyRequest = TypeVar("AnyRequest", bound=ConsoleRequest)
Deleted = TypeVar("Deleted", bound=ConsoleRequest)
Fields = Sequence[Field]


@dataclass(frozen=True, slots=True)
class ObjectRequest(ConsoleRequest, ABC):
    """A request for a page about one object.

    A form about it names it, and is shown again if it was shown for another version.
    """

    @property
    @abstractmethod
    def url(self) -> str:
        """The page of the object, to which a cancelled form leads."""

    @property
    @abstractmethod
    def shown_name(self) -> str: ...

    @property
    @abstractmethod
    def version(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectForm(Generic[AnyRequest]):
    """A form on a page of its own, at `path`, which is for administrators.

    `request_of` is the dependency with the object, or with none for a form that creates one; that
    form belongs to the list above it. `stored` returns the values that the form shows at first.
    `run` gets the values that were typed, and its errors are shown in the form. If the form
    `needs_fresh_sign_in`, the administrator signed in within the last minutes. A form that is not
    `is_versioned` does not depend on what the object was when it was shown. `in_form` returns what
    was typed as the form shows it again. An exceeded rate limit is shown in the form, unless
    `shows_limits` is False.
    """

    path: str
    request_of: Callable[..., Awaitable[AnyRequest]]
    heading: str
    submit: str
    needs_fresh_sign_in: bool
    run: Callable[[AnyRequest, Mapping[str, str]], Awaitable[Response]]
    introduction: str | Callable[[AnyRequest], str] = ""
    fields: Fields | Callable[[AnyRequest], Fields | Awaitable[Fields]] = ()
    stored: Callable[[AnyRequest], Mapping[str, str]] = lambda request: {}
    in_form: Callable[[Mapping[str, str]], Mapping[str, str]] = lambda typed: typed
    is_danger: bool = False
    is_versioned: bool = True
    shows_limits: bool = True

    def add_to(self, router: APIRouter) -> None:
        async def show_form(
            request: Annotated[AnyRequest, Depends(self.request_of)],
        ) -> Response:
            return await self._page(request)

        @shows_again(self._page, shows_limits=self.shows_limits)
        async def post_form(
            request: Annotated[AnyRequest, Depends(self.request_of)],
        ) -> Response:
            fields = await self._fields_of(request)
            request.check(*(field.name for field in fields))
            return await self._run(request, fields)

        router.add_api_route(self.path, show_form, methods=["GET"])
        router.add_api_route(self.path, post_form, methods=["POST"])

    async def _page(self, request: AnyRequest, errors: Errors | None = None) -> Response:
        text, fields = request.text, await self._fields_of(request)
        about = request if isinstance(request, ObjectRequest) else None
        form = FormView(
            heading=text(self.heading),
            object_name=about.shown_name if about is not None else "",
            introduction=self._introduction_of(request),
            fields=[field.in_language(text) for field in fields],
            values=(
                self.in_form(typed_in(request, fields)) if request.is_form else self.stored(request)
            ),
            submit=text(self.submit),
            cancel_url=about.url if about is not None else request.path.rpartition("/")[0],
            version=about.version if about is not None and self.is_versioned else "",
            is_danger=self.is_danger,
        )
        return form_page(request, form, errors)

    async def _run(self, request: AnyRequest, fields: Sequence[Field]) -> Response:
        typed = typed_in(request, fields)
        if isinstance(request, ObjectRequest) and self.is_versioned:
            require_current(
                request,
                request.version,
                typed=self.in_form(typed),
                stored=_readable(self.stored(request), fields),
            )
        with shown_in_form(request, fields):
            return await self.run(request, typed)

    async def _fields_of(self, request: AnyRequest) -> Fields:
        fields = self.fields(request) if callable(self.fields) else self.fields
        return await fields if isinstance(fields, Awaitable) else fields

    def _introduction_of(self, request: AnyRequest) -> str:
        if callable(self.introduction):
            return self.introduction(request)
        return request.text(self.introduction) if self.introduction else ""


def _readable(stored: Mapping[str, str], fields: Sequence[Field]) -> Mapping[str, str]:
    """Return the stored values that say something beside their fields.

    Those of a single box do not, nor the ids of objects that are chosen by boxes.
    """
    boxes = {
        field.name
        for field in fields
        if field.kind == "check"
        or (field.kind == "checks" and any(option.is_data for option in field.options))
    }
    return {name: value for name, value in stored.items() if name not in boxes}


def form_routers(*forms: ObjectForm[Any]) -> tuple[APIRouter, APIRouter]:
    """Return the routers of these forms: one for changes, and one for dangerous changes."""
    changes, dangerous = changes_router(), dangerous_router()
    for form in forms:
        form.add_to(dangerous if form.needs_fresh_sign_in else changes)
    return changes, dangerous


class ActTexts(NamedTuple):
    """The texts of a page on which an act is confirmed; all are translated."""

    heading: str
    introduction: str
    submit: str


def delete_form(
    path: str,
    request_of: Callable[..., Awaitable[Deleted]],
    delete: Callable[[Deleted], Awaitable[None]],
    texts: ActTexts,
) -> ObjectForm[Deleted]:
    """Return the form at `path` that deletes an object, and leads to the list of the others."""
    list_url = path.rpartition("/")[0]

    async def run(request: Deleted, _typed: Any) -> Response:
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
