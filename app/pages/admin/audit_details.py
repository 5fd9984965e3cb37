"""What an event changed: the values before and after, and its other details."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.models.operations.audit_events import AuditEvent
from app.pages.admin.audit_views import details_of
from app.pages.admin.base import ConsoleRequest
from app.pages.admin.views import Cell, Part, Table
from app.services.clients.agents import Naming

BEFORE, AFTER = "before", "after"


def parts_of_event(request: ConsoleRequest, event: AuditEvent, naming: Naming) -> Sequence[Part]:
    """Return a table of what changed and one of the other details, without empty tables."""
    details = details_of(event, naming)
    changes = _changes(details.get(BEFORE), details.get(AFTER))
    others = [
        [Cell(name), value_cell(value)]
        for name, value in sorted(details.items())
        if name not in (BEFORE, AFTER)
    ]
    text = request.text
    parts = [
        Part(text("Changes"), Table([text("Name"), text("Before"), text("After")], changes, "")),
        Part(text("Details"), Table([text("Name"), text("Value")], others, "")),
    ]
    return [part for part in parts if part.table.rows]


def _changes(before: Any, after: Any) -> Sequence[Sequence[Cell]]:
    """Return a row for each value that differs; of a new or deleted object, for each value."""
    old, new = _members(before), _members(after)
    return [
        [Cell(name), value_cell(old.get(name)), value_cell(new.get(name))]
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def _members(value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    return value if isinstance(value, dict) else {"": value}


def value_cell(value: Any) -> Cell:
    """Return a value of JSON: a text as it is, and anything else as JSON."""
    if value is None or value in ("", [], {}):
        return Cell()
    return Cell(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
