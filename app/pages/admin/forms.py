"""Forms of the console: fields that are declared once, and errors beside them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from app.errors import (
    ConflictError,
    FullAdministratorRequiredError,
    InvalidInputError,
    PosternError,
    StaleVersionError,
)
from app.i18n.messages import N_
from app.pages.admin.base import ConsoleRequest
from app.pages.support import Errors, ShowAgainError

Body = TypeVar("Body", bound=BaseModel)

VERSION = "version"
"""The form field with the version of the object that the form was shown for."""
STALE = N_("Someone else changed this after you opened the page. Check it, then confirm again.")
CHANGED_TO = N_("Changed in the meantime to: %(value)s")
CLEARED = N_("Cleared in the meantime.")


@dataclass(frozen=True, slots=True)
class Option:
    """A value to select; its label is translated, unless it is data."""

    value: str
    label: str
    is_data: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form, with its texts. `wrong` says what to enter instead of a refused value.

    The value of `checks`, a box for each option, is the chosen options with spaces between them.
    """

    name: str
    label: str
    hint: str = ""
    wrong: str = N_("Enter at most 200 characters.")
    kind: Literal["text", "email", "date", "textarea", "select", "check", "checks", "password"] = (
        "text"
    )
    options: Sequence[Option] = ()
    is_required: bool = False
    maximum: int = 200
    placeholder: str = ""

    def label_of(self, value: str, translate: Callable[[str], str]) -> str:
        """Return the translated label of an option, or the value if there is no such option."""
        labels = {each.value: translate(each.label) for each in self.options}
        return labels.get(value, value)

    def in_language(self, translate: Callable[[str], str]) -> "Field":
        return replace(
            self,
            label=translate(self.label),
            hint=translate(self.hint) if self.hint else "",
            options=[
                each if each.is_data else replace(each, label=translate(each.label))
                for each in self.options
            ],
        )


@dataclass(frozen=True, slots=True)
class FormView:
    """A form on a page of its own. `object_name` is the name of what it changes, which is data."""

    heading: str
    fields: Sequence[Field]
    values: Mapping[str, str]
    submit: str
    cancel_url: str
    introduction: str = ""
    object_name: str = ""
    version: str = ""
    is_danger: bool = False


def form_page(request: ConsoleRequest, form: FormView, errors: Errors | None = None) -> Response:
    """Return the page of a form, which posts to its own address."""
    return request.console_page("admin_form.html", errors, form=form, action=request.path)


def typed_in(request: ConsoleRequest, fields: Sequence[Field]) -> dict[str, str]:
    """Return the values that were posted, keyed by field name."""
    posted = request.fields
    return {
        field.name: (
            " ".join(each.value for each in field.options if f"{field.name}.{each.value}" in posted)
            if field.kind == "checks"
            else posted.get(field.name, "").strip()
        )
        for field in fields
    }


def parse_body(
    request: ConsoleRequest, kind: type[Body], values: Mapping[str, Any], fields: Sequence[Field]
) -> Body:
    """Return a body from the values of a form; show the form again with what is wrong."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        names = {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
        texts = {field.name: request.text(field.wrong) for field in fields if field.name in names}
        raise ShowAgainError(texts or {"": request.text("Check what you entered.")}) from None


@contextmanager
def shown_in_form(request: ConsoleRequest, fields: Sequence[Field] = ()) -> Iterator[None]:
    """Show the form again for an error that the user can correct, beside the field it names."""
    try:
        yield
    except StaleVersionError:
        raise ShowAgainError({"": request.text(STALE)}, status=409) from None
    except (ConflictError, InvalidInputError, FullAdministratorRequiredError) as error:
        raise ShowAgainError(_beside_field(request, error, fields), status=error.status) from None


def _beside_field(request: ConsoleRequest, error: PosternError, fields: Sequence[Field]) -> Errors:
    for field in fields:
        if field.name == error.field:
            label = request.text(field.label)
            return {field.name: error.detail_for(label, request.text)}
    return {"": error.detail_for(error.field or "", request.text)}


def require_current(
    request: ConsoleRequest,
    version: int | str,
    *,
    typed: Mapping[str, str] | None = None,
    stored: Mapping[str, str] | None = None,
) -> None:
    """Show the form again if it was shown for another version of its object.

    Beside each field whose `stored` value is not the one that was typed, it shows the stored one.
    """
    if request.fields.get(VERSION) == str(version):
        return
    errors = {"": request.text(STALE)}
    for name, value in (stored or {}).items():
        if value != (typed or {}).get(name, ""):
            message = request.text(CHANGED_TO if value else CLEARED)
            errors[name] = message % {"value": value} if value else message
    raise ShowAgainError(errors, status=409)
