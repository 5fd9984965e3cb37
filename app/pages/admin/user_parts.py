"""Parts of the page of a user: how they sign in, their groups, and the apps they allowed."""

import asyncio
from collections.abc import Sequence

from app.models.clients.clients import Client
from app.pages.admin.client_links import url_of_client
from app.pages.admin.navigation import url_of
from app.pages.admin.user_acts import PASSWORD_LINK, RESET_FACTORS, acts_for
from app.pages.admin.user_forms import UserRequest
from app.pages.admin.views import Badge, Cell, Link, Part, Table, owner_cell
from app.security.shared_hosting import place_of
from app.services.accounts.administration.details import UserDetails


def part_of_factors(request: UserRequest, details: UserDetails) -> Part:
    text = request.text
    return Part(
        text("Sign-in"),
        Table(
            columns=[text("Method"), text("State"), text("Added"), text("Last used")],
            rows=[
                [
                    Cell(words=text("Password")),
                    _state(request, is_set=details.has_password),
                    Cell(),
                    Cell(),
                ],
                [
                    Cell(words=text("Authenticator app")),
                    _state(request, is_set=details.user.has_confirmed_otp),
                    Cell(at=details.user.otp_confirmed_at),
                    Cell(),
                ],
                *_passkeys(request, details),
                [
                    Cell(words=text("Recovery codes")),
                    Cell(
                        words=text("%(number)d left")
                        % {"number": details.figures.recovery_codes_left}
                    ),
                    Cell(),
                    Cell(),
                ],
                *_identities(request, details),
            ],
            empty="",
        ),
        links=acts_for(request, details, PASSWORD_LINK, RESET_FACTORS),
    )


def part_of_groups(request: UserRequest, details: UserDetails) -> Part:
    text, url = request.text, request.subject_url
    return Part(
        text("Groups"),
        Table(
            columns=[text("Group"), text("Given by"), text("Since"), text("Actions")],
            rows=[
                [
                    Cell(group.name, url=f"{url_of('groups')}/{group.group_id}"),
                    owner_cell(membership.source, text("Administrators")),
                    Cell(at=membership.added_at),
                    Cell(
                        links=request.offered(
                            Link(text("Remove"), f"{url}/groups/{group.group_id}")
                        )
                    ),
                ]
                for group, membership in details.groups
            ],
            empty=text("In no group. Groups give roles, and decide which apps a user can use."),
        ),
        links=request.offered(Link(text("Add to a group"), f"{url}/groups")),
    )


async def part_of_apps(request: UserRequest, details: UserDetails) -> Part:
    """Return the apps that the user allowed, with what they may read."""
    text = request.text
    clients = await asyncio.gather(
        *(request.services.clients.clients.find(each.client_id) for each in details.consents)
    )
    known = {each.client_id: each for each in clients if each is not None}
    return Part(
        text("Apps"),
        Table(
            columns=[text("App"), text("Scopes"), text("Allowed")],
            rows=[
                [
                    _app_cell(known.get(each.client_id), each.client_id),
                    Cell(each.scope),
                    Cell(at=each.granted_at),
                ]
                for each in details.consents
            ],
            empty=text("Apps appear here when the user allows them to read data."),
        ),
    )


def _app_cell(client: Client | None, client_id: str) -> Cell:
    """Return a client by its name; one with a document by the place of that."""
    url = url_of_client(client_id)
    if client is None or not client.has_document:
        return Cell((client.client_name if client is not None else "") or client_id, url=url)
    return Cell(place_of(client.identifier), small=client.client_name, url=url)


def _passkeys(request: UserRequest, details: UserDetails) -> Sequence[Sequence[Cell]]:
    return [
        [
            Cell(words=request.text("Passkey"), small=passkey.name),
            _state(request, is_set=True),
            Cell(at=passkey.created_at),
            Cell(at=passkey.last_used_at),
        ]
        for passkey in details.passkeys
    ]


def _identities(request: UserRequest, details: UserDetails) -> Sequence[Sequence[Cell]]:
    return [
        [
            Cell(words=request.text("Connected account"), small=f"{each.provider}: {each.label}"),
            _state(request, is_set=True),
            Cell(at=each.linked_at),
            Cell(at=each.last_used_at),
        ]
        for each in details.identities
    ]


def _state(request: UserRequest, *, is_set: bool) -> Cell:
    text = request.text
    return Cell(badges=[Badge(text("set up"), "good") if is_set else Badge(text("not set up"))])
