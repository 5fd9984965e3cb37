"""`postern clients …`: manage clients."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, get_args

from app.cli.base import with_services
from app.cli.blocked_hosts import block_host, list_blocked_hosts, unblock_host
from app.cli.client_changes import change, set_admin_scopes
from app.cli.client_creation import create
from app.cli.client_policies import set_policy
from app.cli.client_rows import ClientId, details_of_client, row_of_client
from app.cli.client_secrets import drop_old_secret, expire_secret, rotate_secret
from app.cli.client_snippets import print_snippet
from app.cli.client_tokens import list_consents, list_tokens, revoke_consent, revoke_tokens
from app.cli.listing import Pages, first_rows, pages_of, print_pages
from app.cli.output import show_one
from app.cli.parameters import AsJson, Limit, argument, one_of, option
from app.cli.parsing import Commands
from app.cli.registration_tokens import registration_token
from app.cli.tokens import create as invite
from app.models.clients.trust import Trust
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.wiring import Services

cli = Commands("clients", help="Manage clients.")


@cli.command("list")
def list_all(
    *,
    search: Annotated[
        str | None,
        option(
            "--search",
            metavar="TEXT",
            help="Only clients whose ID, or a word of the name, begins like this.",
        ),
    ] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List clients."""
    pages = _pages if search is None else _found(search)
    print_pages(first_rows(pages, limit), as_json=as_json)


@cli.command("show")
def show(client_id: ClientId, *, as_json: AsJson = False) -> None:
    """Show one client, with its policies and admin scopes, and what uses it."""

    async def read(services: "Services") -> dict[str, Any]:
        client = await services.clients.clients.get(client_id)
        usage = await services.clients.usage.of_client(client_id)
        return details_of_client(client, usage)

    show_one(with_services(read), as_json=as_json)


cli.command("create")(create)
cli.command("set")(change)
cli.command("policy")(set_policy)
cli.command("snippet")(print_snippet)
cli.command("admin-scopes")(set_admin_scopes)
cli.command("rotate-secret")(rotate_secret)
cli.command("expire-secret")(expire_secret)
cli.command("drop-old-secret")(drop_old_secret)
cli.command("registration-token")(registration_token)
cli.command("consents")(list_consents)
cli.command("revoke-consent")(revoke_consent)
cli.command("tokens")(list_tokens)
cli.command("revoke-tokens")(revoke_tokens)
cli.command("invite")(invite)
cli.command("block-host")(block_host)
cli.command("unblock-host")(unblock_host)
cli.command("blocked-hosts")(list_blocked_hosts)


@cli.command("rotate")
def rotate(client_id: ClientId, *, as_json: AsJson = False) -> None:
    """Rotate the client's secret and print the new one. The old one stops working immediately."""
    secret = with_services(
        lambda services: services.clients.secrets.replace(
            client_id, overlap=timedelta(0), authority=FULL
        )
    )
    show_one({"client_id": client_id, "client_secret": secret}, as_json=as_json)


@cli.command("disable")
def disable(client_id: ClientId, *, as_json: AsJson = False) -> None:
    """Block authentication and invalidate all tokens until re-enabled."""
    _set_disabled(client_id, disabled=True, as_json=as_json)


@cli.command("enable")
def enable(client_id: ClientId, *, as_json: AsJson = False) -> None:
    """Re-enable a disabled client."""
    _set_disabled(client_id, disabled=False, as_json=as_json)


def _set_disabled(client_id: str, *, disabled: bool, as_json: bool) -> None:
    client = with_services(
        lambda services: services.clients.administration.set_disabled(
            client_id, disabled=disabled, authority=FULL
        )
    )
    show_one(row_of_client(client), as_json=as_json)


@cli.command("trust")
def set_trust(
    client_id: ClientId,
    trust: Annotated[
        Trust,
        argument(
            **one_of(get_args(Trust)),
            help="verified is shown on the consent page; first_party requires no consent.",
        ),
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Set the client's trust level."""
    client = with_services(
        lambda services: services.clients.administration.set_trust(client_id, trust, authority=FULL)
    )
    show_one(row_of_client(client), as_json=as_json)


async def _pages(services: "Services") -> AsyncIterator[list[dict[str, Any]]]:
    clients = services.clients.clients
    async for page in pages_of(
        lambda after: clients.list_page(after=after), lambda client: client.client_id
    ):
        yield [row_of_client(client) for client in page]


def _found(search: str) -> Pages:
    async def pages(services: "Services") -> AsyncIterator[list[dict[str, Any]]]:
        after = None
        while page := await services.clients.client_search.find(search, after=after):
            yield [row_of_client(client) for client, _ in page]
            after = page[-1][1]

    return pages
