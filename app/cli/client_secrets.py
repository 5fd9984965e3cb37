"""`postern clients rotate-secret` and `drop-old-secret`."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.base import read_secret, with_services
from app.cli.client_rows import ClientId
from app.cli.output import show_one
from app.cli.parameters import AsJson, SecretFromStdin, option, whole_number
from app.errors import InvalidInputError
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.wiring import Services

MAXIMUM_SECONDS = 90 * 86_400


def rotate_secret(
    client_id: ClientId,
    *,
    overlap: Annotated[
        int,
        option(
            "--overlap",
            **{**whole_number(), "metavar": "SECONDS"},
            help="How long the current secret remains valid.",
        ),
    ] = 0,
    from_stdin: SecretFromStdin = False,
    as_json: AsJson = False,
) -> None:
    """Print a new secret for a client. With an overlap, the current one remains valid meanwhile."""
    if not 0 <= overlap <= MAXIMUM_SECONDS:
        raise InvalidInputError(f"--overlap must be between 0 and {MAXIMUM_SECONDS} seconds.")
    chosen = read_secret("Client secret: ", from_stdin=True) if from_stdin else None

    async def replace(services: "Services") -> str:
        return await services.clients.secrets.replace(
            client_id, overlap=timedelta(seconds=overlap), secret=chosen, authority=FULL
        )

    row = {"client_id": client_id, "client_secret": with_services(replace)}
    show_one({**row, "overlap": overlap}, as_json=as_json)


def drop_old_secret(client_id: ClientId, *, as_json: AsJson = False) -> None:
    """Revoke the secret that was replaced with an overlap."""

    async def revoke(services: "Services") -> dict[str, Any]:
        is_revoked = await services.clients.secrets.revoke_previous(client_id, authority=FULL)
        return {"client_id": client_id, "revoked": is_revoked}

    show_one(with_services(revoke), as_json=as_json)
