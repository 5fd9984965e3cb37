"""Facts and parts of the page of a client."""

import asyncio
from collections.abc import Sequence

from app.errors import NotFoundError
from app.pages.admin.client_access import KIND, OF_GROUPS, policies_of
from app.pages.admin.client_acts import TRUST
from app.pages.admin.client_exchange import shown_exchange
from app.pages.admin.client_forms import ClientRequest
from app.pages.admin.client_policies import shown_policies
from app.pages.admin.navigation import url_of
from app.pages.admin.views import Cell, Fact, Link, Part, Table, owner_cell


async def facts_of(request: ClientRequest) -> Sequence[Fact]:
    text, client = request.text, request.client
    usage = await request.services.clients.usage.of_client(client.client_id)
    return [
        Fact(text("Client ID"), Cell(client.client_id, is_code=True)),
        Fact(text("Users who allowed it"), Cell(str(usage.users))),
        Fact(text("Last token"), Cell(at=usage.last_token_at, words=text("Never"))),
        Fact(text("Trust"), Cell(words=TRUST.label_of(client.trust, text))),
        Fact(text("Scopes"), Cell(client.scope, words=text("None"))),
        Fact(text("Default resource"), Cell(client.default_resource or "", words=text("None"))),
        Fact(text("Grants"), Cell(client.grant_types)),
        Fact(
            text("Authentication"),
            Cell(client.token_endpoint_auth_method or "", words=text("Secret")),
        ),
        Fact(text("Managed by"), owner_cell(client.owner, text("Administrators"))),
        Fact(text("Created"), Cell(at=client.created_at)),
    ]


def part_of_addresses(request: ClientRequest) -> Part:
    text, members = request.text, request.client.metadata_members
    rows = [
        [Cell(words=text("After sign-in")), Cell(uri)] for uri in request.client.redirect_uri_list
    ]
    rows += [
        [Cell(words=text("After sign-out")), Cell(uri)]
        for uri in members.get("post_logout_redirect_uris", ())
    ]
    return Part(
        text("Redirect URIs"),
        Table(
            columns=[text("When"), text("Address")],
            rows=rows,
            empty=text("This client has no redirect URIs: users are not sent to it."),
        ),
    )


async def part_of_access(request: ClientRequest) -> Part:
    text, access = request.text, policies_of(request).access
    rows = [[Cell(words=KIND.label_of(access.kind, text))]]
    if access.kind == OF_GROUPS:
        rows = list(await asyncio.gather(*(_group(request, each) for each in access.groups)))
    return Part(
        text("Access"),
        Table(columns=[text("Users with access")], rows=rows, empty=""),
        links=request.offered(Link(text("Change access"), f"{request.client_url}/access")),
    )


def part_of_policies(request: ClientRequest) -> Part:
    text = request.text
    shown = (*shown_policies(request), *shown_exchange(request))
    rows = [[Cell(words=label), Cell(value)] for label, value in shown]
    return Part(
        text("Policies"),
        Table(
            columns=[text("Policy"), text("Value")],
            rows=rows,
            empty=text("The general policies apply to this client."),
        ),
        links=request.offered(
            Link(text("Change policies"), f"{request.client_url}/policies"),
            Link(text("Change token exchange"), f"{request.client_url}/token-exchange"),
            Link(text("Change default resource"), f"{request.client_url}/default-resource"),
        ),
    )


def part_of_admin_scopes(request: ClientRequest) -> Part:
    text = request.text
    return Part(
        text("Admin API"),
        Table(
            columns=[text("Scope")],
            rows=[[Cell(name, is_code=True)] for name in request.client.admin_scopes.split()],
            empty=text("This client can't use the admin API."),
        ),
        links=request.offered(
            Link(text("Change admin scopes"), f"{request.client_url}/admin-scopes")
        ),
    )


async def _group(request: ClientRequest, group_id: str) -> list[Cell]:
    """Return a cell with the name of a group, or with its ID if it was deleted."""
    try:
        group = await request.services.accounts.groups.get(group_id)
    except NotFoundError:
        return [Cell(group_id, is_code=True)]
    return [Cell(group.name, url=f"{url_of('groups')}/{group_id}")]
