"""`postern clients registration-token`."""

from typing import TYPE_CHECKING, Annotated, Any

from app.cli.base import with_services
from app.cli.client_rows import ClientId
from app.cli.output import show_one
from app.cli.parameters import AsJson, argument, one_of
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.wiring import Services

ISSUE, REVOKE = "issue", "revoke"


def registration_token(
    action: Annotated[str, argument(**one_of((ISSUE, REVOKE)), help="issue or revoke.")],
    client_id: ClientId,
    *,
    as_json: AsJson = False,
) -> None:
    """Issue or revoke a registration access token, by which a client changes itself.

    A client has one at most: a new one revokes the one before.
    """
    work = _issue if action == ISSUE else _revoke
    show_one(with_services(lambda services: work(services, client_id)), as_json=as_json)


async def _issue(services: "Services", client_id: str) -> dict[str, Any]:
    token = await services.clients.registration_tokens.issue(client_id, authority=FULL)
    return {
        "client_id": client_id,
        "registration_access_token": token,
        "registration_client_uri": services.core.links.client_registration(client_id),
    }


async def _revoke(services: "Services", client_id: str) -> dict[str, Any]:
    is_revoked = await services.clients.registration_tokens.revoke(client_id, authority=FULL)
    return {"client_id": client_id, "revoked": is_revoked}
