"""`postern clients rotate-secret`, `expire-secret` and `drop-old-secret`."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.base import read_secret, with_services
from app.cli.client_rows import ClientId
from app.cli.moments import parse_moment
from app.cli.output import show_one
from app.cli.parameters import AsJson, SecretFromStdin, flag, option, whole_number
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
    expires: Annotated[
        str | None,
        option("--expires", metavar="ISO", help="When the new secret expires; by default never."),
    ] = None,
    from_stdin: SecretFromStdin = False,
    as_json: AsJson = False,
) -> None:
    """Print a new secret for a client. With an overlap, the current one remains valid meanwhile."""
    if not 0 <= overlap <= MAXIMUM_SECONDS:
        raise InvalidInputError(f"--overlap must be between 0 and {MAXIMUM_SECONDS} seconds.")
    expires_at = parse_moment(expires, "--expires") if expires is not None else None
    chosen = read_secret("Client secret: ", from_stdin=True) if from_stdin else None

    async def replace(services: "Services") -> str:
        return await services.clients.secrets.replace(
            client_id,
            overlap=timedelta(seconds=overlap),
            secret=chosen,
            expires_at=expires_at,
            authority=FULL,
        )

    row = {"client_id": client_id, "client_secret": with_services(replace)}
    show_one({**row, "overlap": overlap}, as_json=as_json)


def expire_secret(
    client_id: ClientId,
    *,
    at: Annotated[
        str | None, option("--at", metavar="ISO", help="When the current secret expires.")
    ] = None,
    is_never: Annotated[bool, flag("--never", help="Remove the expiry.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let the current secret of a client expire at a time, or never."""
    if (at is None) != is_never:
        raise InvalidInputError("Use either --at or --never.")
    expires_at = parse_moment(at, "--at") if at is not None else None

    async def store(services: "Services") -> dict[str, Any]:
        client = await services.clients.secrets.set_expiry(client_id, expires_at, authority=FULL)
        shown = client.secret_expires_at
        return {
            "client_id": client_id,
            "secret_expires_at": shown.isoformat(timespec="seconds") if shown else None,
        }

    show_one(with_services(store), as_json=as_json)


def drop_old_secret(client_id: ClientId, *, as_json: AsJson = False) -> None:
    """Revoke the secret that was replaced with an overlap."""

    async def revoke(services: "Services") -> dict[str, Any]:
        is_revoked = await services.clients.secrets.revoke_previous(client_id, authority=FULL)
        return {"client_id": client_id, "revoked": is_revoked}

    show_one(with_services(revoke), as_json=as_json)
