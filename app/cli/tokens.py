"""`postern tokens …`: manage initial access tokens, and personal access tokens of users."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.base import with_services
from app.cli.listing import pages_of, print_pages
from app.cli.output import show, show_one
from app.cli.parameters import AsJson, argument, option, whole_number
from app.cli.parsing import Commands
from app.errors import InvalidInputError
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.clients.initial_access_tokens import InitialAccessToken
    from app.models.oauth.personal_tokens import PersonalToken
    from app.wiring import Services

MAXIMUM_DAYS = 3650

Username = Annotated[str, argument(metavar="USERNAME")]

cli = Commands(
    "tokens",
    help="Manage initial access tokens, with which clients register, and personal ones of users.",
)


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


@cli.command("list-personal")
def list_personal(username: Username, *, as_json: AsJson = False) -> None:
    """List the valid personal access tokens of a user, without their secrets."""

    async def read(services: "Services") -> "Sequence[PersonalToken]":
        user = await services.accounts.users.get(username)
        return await services.oauth.personal_tokens.list_of(user)

    show([_row_of_personal(token) for token in with_services(read)], as_json=as_json)


@cli.command("revoke-personal")
def revoke_personal(
    username: Username, token_id: Annotated[str, argument()], *, as_json: AsJson = False
) -> None:
    """Revoke a personal access token of a user. It ends at once."""

    async def delete(services: "Services") -> None:
        user = await services.accounts.users.get(username)
        await services.oauth.personal_tokens.revoke_by_administrator(
            user.user_id, token_id, authority=FULL
        )

    with_services(delete)
    show_one({"token_id": token_id, "username": username, "revoked": True}, as_json=as_json)


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


def _row_of_personal(token: "PersonalToken") -> dict[str, Any]:
    used_at = token.last_used_at
    return {
        "token_id": token.token_id,
        "name": token.name,
        "resource": token.audience,
        "scope": token.scope,
        "created_at": token.created_at.isoformat(timespec="seconds"),
        "expires_at": token.expires_at.isoformat(timespec="seconds"),
        "last_used_at": used_at.isoformat(timespec="seconds") if used_at is not None else None,
    }
