"""Audit events as people read them: agents by their URLs, and the actors of delegated tokens.

An event has the stored form of a client's identifier, which is a digest for a long URL, and stays
as it is: its hash covers it.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from app.models.operations.audit_events import AuditEvent
from app.services.clients.agents import AgentService, Naming


async def naming_of(agents: AgentService, events: Iterable[AuditEvent]) -> Naming:
    """Return a function that names the agents of these events by their URLs."""
    return await agents.naming(
        text for event in events for text in (event.client_id or "", event.actor, event.details)
    )


def actors_in(event: AuditEvent) -> Sequence[str]:
    """Return the chain of actors of a delegated token, the current one first."""
    details = parsed_details(event.details, str)
    actors = details.get("actors") if isinstance(details, dict) else None
    return [each for each in actors if isinstance(each, str)] if isinstance(actors, list) else []


def parsed_details(text: str, naming: Naming) -> Any:
    """Return the details of an event, or the text if it was tampered with: `verify` reports it."""
    try:
        return json.loads(naming(text))
    except ValueError:
        return text
