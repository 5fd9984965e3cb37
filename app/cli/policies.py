"""`postern policies show`: the policies in force, and where each comes from."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from app.cli.client_rows import policies_of
from app.cli.listing import pages_of, print_pages
from app.cli.parameters import AsJson
from app.cli.parsing import Commands

if TYPE_CHECKING:
    from app.wiring import Services

GENERAL = (
    "profile",
    "second_factor",
    "stay_signed_in_days",
    "password_min_length",
    "access_token_ttl",
    "refresh_token_ttl",
    "session_ttl",
)
"""The settings that policies of groups and clients replace or tighten."""

cli = Commands("policies", help="Show the policies in force.")


@cli.command("show")
def show(*, as_json: AsJson = False) -> None:
    """Show the general policies, and the groups and clients that have their own.

    Change them by settings, postern groups set and postern clients policy.
    """
    print_pages(_pages, as_json=as_json)


async def _pages(services: "Services") -> AsyncIterator[list[dict[str, Any]]]:
    settings = services.core.settings
    yield [_row("general", None, {name: getattr(settings, name) for name in GENERAL})]
    async for groups in pages_of(
        lambda after: services.accounts.groups.list_page(after=after),
        lambda group: group.name_key,
    ):
        yield [
            _row("group", group.name, {"second_factor": group.second_factor})
            for group in groups
            if group.second_factor is not None
        ]
    async for clients in pages_of(
        lambda after: services.clients.clients.list_page(after=after),
        lambda client: client.client_id,
    ):
        rows = [_row("client", each.client_id, policies_of(each)) for each in clients]
        yield [row for row in rows if row["policies"]]


def _row(kind: str, name: str | None, policies: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "name": name, "policies": policies}
