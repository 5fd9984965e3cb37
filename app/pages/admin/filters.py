"""Filters of lists: fields in the query, and the rows that they select."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from app.errors import NotFoundError
from app.i18n.messages import N_
from app.pages.admin.base import ConsoleRequest
from app.pages.admin.forms import Field
from app.pages.admin.views import FilterField
from app.pages.support import Errors

USER_ID = re.compile("[0-9a-f]{32}")
MAXIMUM_YEAR = 9000
WRONG_DATE = N_("Enter a date like 2026-11-25.")

USER = Field("user", N_("Username or user ID"), maximum=64)
SINCE = Field("since", N_("From"), wrong=WRONG_DATE, kind="date", maximum=10)
UNTIL = Field("until", N_("To"), wrong=WRONG_DATE, kind="date", maximum=10)


@dataclass(frozen=True, slots=True)
class Selection:
    """The values of a filter, and what they select unless there are `errors`.

    Dates are in UTC, and the last one is included: `until` is the beginning of the day after it.
    """

    fields: Sequence[Field]
    values: Mapping[str, str]
    errors: Errors
    user_id: str | None
    since: datetime | None
    until: datetime | None

    @property
    def query(self) -> Mapping[str, str]:
        return {name: value for name, value in self.values.items() if value}

    def value(self, field: Field) -> str | None:
        return self.values[field.name] or None


async def selection_in(request: ConsoleRequest, fields: Sequence[Field]) -> Selection:
    """Read the filter in the query; every error is beside its field."""
    values, errors = {field.name: request.query(field.name) for field in fields}, dict[str, str]()
    days: dict[str, datetime] = {}
    user_id = None
    for field in fields:
        value = values[field.name]
        try:
            if field.kind == "date" and value:
                days[field.name] = _start_of(value)
            elif field is USER:
                user_id = await _user_id(request, value)
            elif field.kind == "select":
                _check_option(field, value)
        except ValueError:
            errors[field.name] = request.text(field.wrong)
        except NotFoundError as error:
            errors[field.name] = request.text(error.detail)
    until = days.get(UNTIL.name)
    return Selection(
        fields=fields,
        values=values,
        errors=errors,
        user_id=user_id,
        since=days.get(SINCE.name),
        until=until + timedelta(days=1) if until is not None else None,
    )


def shown_filter(request: ConsoleRequest, selection: Selection) -> Sequence[FilterField]:
    """Return the fields of a filter with their values, for the page."""
    return [
        FilterField(
            name=field.name,
            label=request.text(field.label),
            value=selection.values[field.name],
            kind=field.kind,
            maximum=field.maximum,
            placeholder=field.placeholder,
            options=[(each.value, request.text(each.label)) for each in field.options],
        )
        for field in selection.fields
    ]


async def _user_id(request: ConsoleRequest, name: str) -> str | None:
    """Return the id of a user, who may have been deleted if the id itself was typed."""
    if not name or USER_ID.fullmatch(name):
        return name or None
    return (await request.services.accounts.users.get(name)).user_id


def _start_of(text: str) -> datetime:
    day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - the date alone
    if day.year >= MAXIMUM_YEAR:
        raise ValueError("the year is too late")
    return datetime.combine(day, time(), UTC)


def _check_option(field: Field, value: str) -> None:
    if value not in {option.value for option in field.options}:
        raise ValueError("there is no such option")
