"""Events of the audit log as the console shows them."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.models.operations.audit_events import AuditEvent
from app.pages.admin.base import ConsoleRequest
from app.pages.admin.navigation import url_of
from app.pages.admin.views import Badge, Cell, Table
from app.services.accounts.events import label_of
from app.services.operations.audit import REFUSED

USER_PREFIX = "user:"
PATH = url_of("audit")


async def table_of_events(
    request: ConsoleRequest, events: Sequence[AuditEvent], *, empty: str
) -> Table:
    text, names = request.text, await usernames_in(request, events)
    return Table(
        columns=[text("When"), text("Event"), text("By"), text("About"), text("Address")],
        rows=[
            [
                Cell(at=event.at, url=f"{PATH}/{event.sequence}" if event.is_numbered else ""),
                action_cell(request, event),
                _person(event.actor, names),
                about_cell(event, names),
                Cell(event.address),
            ]
            for event in events
        ],
        empty=empty,
    )


async def usernames_in(request: ConsoleRequest, events: Sequence[AuditEvent]) -> Mapping[str, str]:
    """Return the names of the users that events mention, by id; deleted users are left out."""
    user_ids = {event.user_id for event in events if event.user_id is not None}
    user_ids |= {
        event.actor.removeprefix(USER_PREFIX)
        for event in events
        if event.actor.startswith(USER_PREFIX)
    }
    users = await asyncio.gather(
        *(request.services.accounts.users.find(user_id) for user_id in sorted(user_ids))
    )
    return {user.user_id: user.username for user in users if user is not None}


def action_cell(request: ConsoleRequest, event: AuditEvent) -> Cell:
    label = label_of(event.action)
    badges = [Badge(request.text("refused"), "bad")] if event.outcome == REFUSED else []
    if label is None:
        return Cell(event.action, badges=badges)
    return Cell(words=request.text(label), small=event.action, badges=badges)


def actor_cell(event: AuditEvent, names: Mapping[str, str]) -> Cell:
    return _person(event.actor, names)


def about_cell(event: AuditEvent, names: Mapping[str, str]) -> Cell:
    """Return what an event is about: a user, a client, or an object that its details name."""
    user = _person(f"{USER_PREFIX}{event.user_id}", names) if event.user_id is not None else Cell()
    if event.client_id is None:
        return user if user.text else Cell(_name_in(details_of(event)))
    if not user.text:
        return Cell(event.client_id, url=f"{url_of('clients')}/{event.client_id}")
    return Cell(user.text, url=user.url, small=event.client_id)


def details_of(event: AuditEvent) -> Mapping[str, Any]:
    """Return the details of an event, or none if they were tampered with."""
    try:
        details = json.loads(event.details)
    except ValueError:
        return {}
    return details if isinstance(details, dict) else {}


def _person(actor: str, names: Mapping[str, str]) -> Cell:
    user_id = actor.removeprefix(USER_PREFIX)
    if not actor.startswith(USER_PREFIX):
        return Cell(actor)
    name = names.get(user_id)
    if name is None:
        return Cell(user_id)
    return Cell(name, url=f"{url_of('users')}/{user_id}")


def _name_in(details: Mapping[str, Any]) -> str:
    """Return the name of the object that an event is about, if its details have one."""
    for part in (details.get("after"), details.get("before"), details):
        if isinstance(part, dict) and isinstance(part.get("name"), str):
            return str(part["name"])
    return ""
