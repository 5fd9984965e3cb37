"""Events of the audit log as CSV, which spreadsheets open without running what is in a cell."""

import csv
import io

from app.models.operations.audit_events import AuditEvent
from app.repositories.operations.audit_events import Wanted
from app.services.accounts.csv_cells import defused
from app.services.operations.audit import AuditLog

COLUMNS = (
    *("sequence", "at", "action", "outcome", "actor", "user_id", "client_id"),
    *("address", "request_id", "details"),
)
MOST_EVENTS = 10_000
"""How many events a file has; `postern audit list` prints all."""
PAGE = 500


async def csv_of(audit: AuditLog, wanted: Wanted) -> str:
    """Return the newest events, each in a line."""
    file, before, written = io.StringIO(), None, 0
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    while written < MOST_EVENTS:
        events = await audit.list_newest(wanted, before=before, limit=PAGE)
        for event in events:
            writer.writerow(_row(event))
        written += len(events)
        if len(events) < PAGE or not events[-1].is_numbered:
            break
        before = events[-1].sequence
    return file.getvalue()


def _row(event: AuditEvent) -> list[str]:
    values = [getattr(event, name) for name in COLUMNS]
    values[COLUMNS.index("at")] = event.at.isoformat(timespec="seconds")
    return [defused(str(value)) if value is not None else "" for value in values]
