"""`postern clients block-host`, `unblock-host` and `blocked-hosts`."""

from typing import Annotated, Any

from app.cli.base import with_services
from app.cli.output import show, show_one
from app.cli.parameters import AsJson, argument
from app.services.operations.authority import FULL

Host = Annotated[str, argument(metavar="HOST", help="The host of the client_id: claude.ai.")]
PAGE = 1000


def block_host(host: Host, *, as_json: AsJson = False) -> None:
    """Block clients whose metadata document is at a host. All that users granted them ends."""
    name = with_services(
        lambda services: services.clients.blocked_hosts.block(host, authority=FULL)
    )
    show_one({"blocked": name}, as_json=as_json)


def unblock_host(host: Host, *, as_json: AsJson = False) -> None:
    """Allow clients of a host again. Their users have to sign in and allow them again."""
    name = with_services(
        lambda services: services.clients.blocked_hosts.unblock(host, authority=FULL)
    )
    show_one({"unblocked": name}, as_json=as_json)


def list_blocked_hosts(*, as_json: AsJson = False) -> None:
    """List the blocked hosts."""

    async def read(services: Any) -> Any:
        return await services.clients.blocked_hosts.list_page(limit=PAGE)

    rows = [
        {"host": each.host, "blocked_at": each.blocked_at.isoformat(timespec="seconds")}
        for each in with_services(read)
    ]
    show(rows, as_json=as_json)
