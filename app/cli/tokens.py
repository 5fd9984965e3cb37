"""`postern tokens …`: manage initial access tokens."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.base import with_services
from app.cli.listing import pages_of, print_pages
from app.cli.output import show_one
from app.cli.parameters import AsJson, argument, option, whole_number
from app.cli.parsing import Commands
from app.errors import InvalidInputError
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.clients.initial_access_tokens import InitialAccessToken
    from app.wiring import Services

MAXIMUM_DAYS = 3650

cli = Commands("tokens", help="Manage initial access tokens, with which clients register.")


@cli.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """List the valid initial access tokens, without their secrets."""
    print_pages(_pages, as_json=as_json)


@cli.command("create")
def create(
    *,
    label: Annotated[str, option("--label", help="A note, such as who the token is for.")] = "",
    days: Annotated[
        int, option("--days", **whole_number(), help="Number of days until the token expires.")
    ] = 7,
    as_json: AsJson = False,
) -> None:
    """Create an initial access token. Anyone who holds it can register clients."""
    if not 0 < days <= MAXIMUM_DAYS:
        raise InvalidInputError(f"--days must be between 1 and {MAXIMUM_DAYS}.")
    lifetime = timedelta(days=days)

    async def add(services: "Services") -> dict[str, Any]:
        token, stored = await services.clients.initial_access_tokens.create(
            label, lasts=lifetime, authority=FULL
        )
        return {
            "initial_access_token": token,
            "expires_in": int(lifetime.total_seconds()),
            "token_id": stored.token_id,
        }

    show_one(with_services(add), as_json=as_json)


@cli.command("revoke")
def revoke(token_id: Annotated[str, argument()], *, as_json: AsJson = False) -> None:
    """Revoke an initial access token. Clients that registered with it remain."""

    async def delete(services: "Services") -> "InitialAccessToken":
        return await services.clients.initial_access_tokens.revoke(token_id, authority=FULL)

    token = with_services(delete)
    show_one({"token_id": token.token_id, "label": token.label, "revoked": True}, as_json=as_json)


async def _pages(services: "Services") -> AsyncIterator[list[dict[str, Any]]]:
    tokens = services.clients.initial_access_tokens
    async for page in pages_of(
        lambda after: tokens.list_page(after=after), lambda token: token.token_id
    ):
        yield [_row(token) for token in page]


def _row(token: "InitialAccessToken") -> dict[str, Any]:
    return {
        "token_id": token.token_id,
        "label": token.label,
        "created_at": token.created_at.isoformat(timespec="seconds"),
        "expires_at": token.expires_at.isoformat(timespec="seconds"),
    }
