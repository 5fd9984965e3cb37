"""The filter of the audit log: the fields of its form, and the events that they select."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from app.errors import NotFoundError
from app.i18n.messages import N_
from app.pages.admin.base import ConsoleRequest
from app.pages.support import Errors
from app.repositories.operations.audit_events import Wanted

USER, ACTION, SINCE, UNTIL = "user", "action", "since", "until"
NAMES = (USER, ACTION, SINCE, UNTIL)
USER_ID = re.compile("[0-9a-f]{32}")
MAXIMUM_YEAR = 9000
WRONG_DATE = N_("Enter a date like 2026-11-25.")


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What the form contains, and what it selects unless there are `errors`."""

    values: Mapping[str, str]
    wanted: Wanted
    errors: Errors

    @property
    def query(self) -> Mapping[str, str]:
        return {name: value for name, value in self.values.items() if value}


async def audit_filter(request: ConsoleRequest) -> AuditFilter:
    """Read the filter in the query. Dates are in UTC, and the last one is included."""
    values, errors = {name: request.query(name) for name in NAMES}, dict[str, str]()
    moments: dict[str, datetime | None] = {}
    for name in (SINCE, UNTIL):
        try:
            moments[name] = _start_of(values[name])
        except ValueError:
            errors[name] = request.text(WRONG_DATE)
    user_id = None
    try:
        user_id = await _user_id(request, values[USER])
    except NotFoundError as error:
        errors[USER] = request.text(error.detail)
    until = moments.get(UNTIL)
    wanted = Wanted(
        user_id=user_id,
        since=moments.get(SINCE),
        until=until + timedelta(days=1) if until is not None else None,
        action=values[ACTION] or None,
    )
    return AuditFilter(values, wanted, errors)


async def _user_id(request: ConsoleRequest, name: str) -> str | None:
    """Return the id of a user, who may have been deleted if the id itself was typed."""
    if not name or USER_ID.fullmatch(name):
        return name or None
    return (await request.services.accounts.users.get(name)).user_id


def _start_of(text: str) -> datetime | None:
    if not text:
        return None
    day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - the date alone
    if day.year >= MAXIMUM_YEAR:
        raise ValueError("the year is too late")
    return datetime.combine(day, time(), UTC)
