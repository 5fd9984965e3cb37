"""Secrets that this server creates: how long the one before is valid, and the page of a new one."""

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import ConsoleRequest
from app.pages.admin.forms import Field, Option
from app.pages.admin.views import Fact
from app.pages.support import ShowAgainError


def overlap_field(label: str, hint: str) -> Field:
    """Return the choice of the seconds for which the current secret remains valid."""
    return Field(
        "overlap",
        label,
        hint=hint,
        wrong=N_("Choose one of the values."),
        kind="select",
        options=(
            Option("86400", N_("One more day")),
            Option("3600", N_("One more hour")),
            Option("604800", N_("One more week")),
            Option("2592000", N_("30 more days")),
            Option("0", N_("No longer: revoke it immediately")),
        ),
        is_required=True,
    )


def chosen_number(request: ConsoleRequest, field: Field, typed: Mapping[str, str]) -> int:
    """Return the number that was selected; show the form again for any other value."""
    value = typed[field.name]
    if value not in {option.value for option in field.options}:
        raise ShowAgainError({field.name: request.text(field.wrong)})
    return int(value)


def secret_page(
    request: ConsoleRequest,
    secret: str,
    *,
    of: str,
    introduction: str,
    facts: Sequence[Fact],
    next_url: str,
) -> Response:
    """Return the page that shows a new secret once."""
    return request.console_page(
        "admin_secret.html",
        heading=request.text("Copy the secret now"),
        object_name=of,
        introduction=introduction,
        facts=facts,
        secret=secret,
        next_url=next_url,
    )
