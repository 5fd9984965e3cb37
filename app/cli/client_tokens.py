"""`postern clients consents`, `tokens` and what revokes them."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.base import with_services
from app.cli.client_rows import ClientId
from app.cli.listing import first_rows, pages_of, print_pages
from app.cli.output import show_one
from app.cli.parameters import AsJson, Limit, argument, option
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.services.clients.client_tokens import ClientTokens
    from app.wiring import Services

PAGE = 100


def list_consents(client_id: ClientId, *, limit: Limit = None, as_json: AsJson = False) -> None:
    """List what users allowed a client."""

    async def pages(services: "Services") -> AsyncIterator[list[dict[str, Any]]]:
        await services.clients.clients.get(client_id)
        async for page in pages_of(
            lambda after: services.clients.client_consents.list_page(
                client_id, after=after, limit=PAGE
            ),
            lambda consent: consent.user_id,
        ):
            yield [
                {
                    "username": each.username,
                    "user_id": each.user_id,
                    "scope": each.scope,
                    "granted_at": each.granted_at.isoformat(timespec="seconds"),
                }
                for each in page
            ]

    print_pages(first_rows(pages, limit), as_json=as_json)


def revoke_consent(
    client_id: ClientId,
    username: Annotated[str, argument(metavar="USERNAME")],
    *,
    as_json: AsJson = False,
) -> None:
    """Revoke the consent of a user, with the tokens that the client has for them."""

    async def revoke(services: "Services") -> dict[str, Any]:
        await services.clients.clients.get(client_id)
        user = await services.accounts.users.get(username)
        await services.clients.client_consents.revoke(client_id, user.user_id, authority=FULL)
        return {"client_id": client_id, "username": user.username, "revoked": True}

    show_one(with_services(revoke), as_json=as_json)


def list_tokens(client_id: ClientId, *, limit: Limit = None, as_json: AsJson = False) -> None:
    """List the valid tokens of a client, by sign-in of a user or one by one. They are not shown."""

    async def pages(services: "Services") -> AsyncIterator[list[dict[str, Any]]]:
        tokens = services.clients.client_tokens
        await services.clients.clients.get(client_id)
        page = await tokens.list_page(client_id, limit=PAGE)
        while page:
            yield [_row(each) for each in page]
            page = await tokens.list_page(client_id, after=page[-1].position, limit=PAGE)

    print_pages(first_rows(pages, limit), as_json=as_json)


def revoke_tokens(
    client_id: ClientId,
    *,
    token_id: Annotated[
        str | None,
        option(
            "--token",
            metavar="TOKEN_ID",
            help="Revoke only the token with this ID; `postern clients tokens` lists the IDs.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Revoke all tokens of a client. Disable it to keep it from getting new ones."""

    async def revoke(services: "Services") -> dict[str, Any]:
        tokens = services.clients.client_tokens
        if token_id is None:
            count = await tokens.revoke_all(client_id, authority=FULL)
        else:
            await tokens.revoke(client_id, token_id, authority=FULL)
            count = 1
        return {"client_id": client_id, "revoked": count}

    show_one(with_services(revoke), as_json=as_json)


def _row(tokens: "ClientTokens") -> dict[str, Any]:
    from app.repositories.oauth.client_tokens import ClientFamily

    if isinstance(tokens, ClientFamily):
        token_id, username, created_at = tokens.family_id, tokens.username, tokens.created_at
        kind = "sign_in" if tokens.subject_client_id is None else "exchange"
    else:
        token_id, username, created_at = tokens.digest.hex(), None, tokens.issued_at
        kind = "client"
    return {
        "token_id": token_id,
        "kind": kind,
        "username": username,
        "scope": tokens.scope,
        "created_at": created_at.isoformat(timespec="seconds"),
        "expires_at": tokens.expires_at.isoformat(timespec="seconds"),
    }
