"""Events of the audit log as the console shows them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.models.operations.audit_events import AuditEvent
from app.pages.admin.base import ConsoleRequest
from app.pages.admin.client_links import client_cell, url_of_client
from app.pages.admin.navigation import url_of
from app.pages.admin.views import Badge, Cell, Table, user_cell
from app.services.accounts.events import label_of
from app.services.clients.agents import Naming
from app.services.operations.audit import REFUSED
from app.services.operations.audit_naming import actors_in, naming_of, parsed_details

USER_PREFIX, CLIENT_PREFIX = "user:", "client:"
PATH = url_of("audit")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of what events mention.

    `users` are the names of users by id, without deleted users; `naming` names agents.
    """

    users: Mapping[str, str]
    naming: Naming


async def table_of_events(
    request: ConsoleRequest, events: Sequence[AuditEvent], *, empty: str
) -> Table:
    text, names = request.text, await names_in(request, events)
    return Table(
        columns=[text("When"), text("Event"), text("By"), text("About"), text("Address")],
        rows=[
            [
                Cell(at=event.at, url=f"{PATH}/{event.sequence}" if event.is_numbered else ""),
                action_cell(request, event),
                actor_cell(request, event, names),
                about_cell(event, names),
                Cell(event.address),
            ]
            for event in events
        ],
        empty=empty,
    )


async def names_in(request: ConsoleRequest, events: Sequence[AuditEvent]) -> Names:
    """Return the names of the users and agents that events mention."""
    actors = [actor for event in events for actor in (event.actor, *actors_in(event))]
    user_ids = {event.user_id for event in events if event.user_id is not None}
    user_ids |= {each.removeprefix(USER_PREFIX) for each in actors if each.startswith(USER_PREFIX)}
    users = await asyncio.gather(
        *(request.services.accounts.users.find(user_id) for user_id in sorted(user_ids))
    )
    return Names(
        {user.user_id: user.username for user in users if user is not None},
        await naming_of(request.services.clients.agents, events),
    )


def action_cell(request: ConsoleRequest, event: AuditEvent) -> Cell:
    label = label_of(event.action)
    badges = [Badge(request.text("refused"), "bad")] if event.outcome == REFUSED else []
    if label is None:
        return Cell(event.action, badges=badges)
    return Cell(words=request.text(label), small=event.action, badges=badges)


def actor_cell(request: ConsoleRequest, event: AuditEvent, names: Names) -> Cell:
    """Return who did it; for a delegated token, with the chain of its actors."""
    cell, actors = _actor(event.actor, names), actors_in(event)
    if not actors:
        return cell
    chain = ", ".join(_actor(each, names).text for each in actors)
    return replace(cell, small=request.text("Actors: %(names)s") % {"names": chain})


def about_cell(event: AuditEvent, names: Names) -> Cell:
    """Return what an event is about: a user, a client, or an object that its details name."""
    user = Cell()
    if event.user_id is not None:
        user = _actor(f"{USER_PREFIX}{event.user_id}", names)
    if event.client_id is None:
        return user if user.text else Cell(_name_in(details_of(event, names.naming)))
    client = client_cell(event.client_id, names.naming)
    if not user.text:
        return client
    return Cell(user.text, url=user.url, small=client.small or client.text)


def details_of(event: AuditEvent, naming: Naming) -> Mapping[str, Any]:
    """Return the details of an event, or none if they were tampered with."""
    details = parsed_details(event.details, naming)
    return details if isinstance(details, dict) else {}


def _actor(actor: str, names: Names) -> Cell:
    if actor.startswith(CLIENT_PREFIX):
        client_id = actor.removeprefix(CLIENT_PREFIX)
        return Cell(names.naming(actor), url=url_of_client(client_id))
    user_id = actor.removeprefix(USER_PREFIX)
    if not actor.startswith(USER_PREFIX):
        return Cell(actor)
    name = names.users.get(user_id)
    if name is None:
        return Cell(user_id)
    return user_cell(name, user_id)


def _name_in(details: Mapping[str, Any]) -> str:
    """Return the name of the object that an event is about, if its details have one."""
    for part in (details.get("after"), details.get("before"), details):
        if isinstance(part, dict) and isinstance(part.get("name"), str):
            return str(part["name"])
    return ""
