"""Events of the audit log as CSV, which spreadsheets open without running what is in a cell."""

import csv
import io

from app.models.operations.audit_events import AuditEvent
from app.repositories.operations.audit_events import Wanted
from app.security.document_urls import is_document_url
from app.services.accounts.csv_cells import defused
from app.services.clients.agents import AgentService, Naming
from app.services.operations.audit import AuditLog
from app.services.operations.audit_naming import actors_in, naming_of

COLUMNS = (
    *("sequence", "at", "action", "outcome", "actor", "user_id", "client_id"),
    *("address", "request_id", "details", "client_url", "actors"),
)
COMPUTED = 2
"""How many of the last columns are not those of the event."""
MOST_EVENTS = 10_000
"""How many events a file has; `postern audit list` prints all."""
PAGE = 500


async def csv_of(audit: AuditLog, agents: AgentService, wanted: Wanted) -> str:
    """Return the newest events, each in a line.

    Clients with a document are named by their URLs: `client_id` is what is stored.
    """
    file, before, written = io.StringIO(), None, 0
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    while written < MOST_EVENTS:
        events = await audit.list_newest(wanted, before=before, limit=PAGE)
        naming = await naming_of(agents, events)
        for event in events:
            writer.writerow(_row(event, naming))
        written += len(events)
        if len(events) < PAGE or not events[-1].is_numbered:
            break
        before = events[-1].sequence
    return file.getvalue()


def _row(event: AuditEvent, naming: Naming) -> list[str]:
    values = [getattr(event, name) for name in COLUMNS[:-COMPUTED]]
    values[COLUMNS.index("at")] = event.at.isoformat(timespec="seconds")
    for name in ("actor", "details"):
        values[COLUMNS.index(name)] = naming(getattr(event, name))
    url = naming(event.client_id or "")
    values += [url if is_document_url(url) else "", " ".join(map(naming, actors_in(event)))]
    return [defused(str(value)) if value is not None else "" for value in values]
