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

STORED = (
    *("sequence", "at", "action", "outcome", "actor", "user_id", "client_id"),
    *("address", "request_id", "details"),
)
COLUMNS = (*STORED, "client_url", "actors")
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
    url = naming(event.client_id or "")
    values = {
        **{name: getattr(event, name) for name in STORED},
        "at": event.at.isoformat(timespec="seconds"),
        "actor": naming(event.actor),
        "details": naming(event.details),
        "client_url": url if is_document_url(url) else "",
        "actors": " ".join(map(naming, actors_in(event))),
    }
    return [defused(str(value)) if value is not None else "" for value in values.values()]
