"""Hosts whose client ID metadata documents are refused."""

from typing import Annotated

from app.dependencies import ClientsDep
from app.routers.admin.access import require
from app.routers.admin.cursors import PageDep
from app.routers.admin.parameters import HostInPath
from app.routers.admin.routes import admin_router
from app.schemas.admin.blocked_hosts import BlockedHostList, BlockedHostResource
from app.schemas.admin_scopes import AdminScope
from app.services.operations.authority import Authority

READS = require(AdminScope.CLIENTS_READ)
Writes = Annotated[Authority, require(AdminScope.CLIENTS_WRITE)]

router = admin_router("blocked-hosts", tag="Clients")


@router.get("", dependencies=[READS])
async def list_blocked_hosts(clients: ClientsDep, page: PageDep) -> BlockedHostList:
    """List the blocked hosts."""
    rows = await clients.blocked_hosts.list_page(after=page.last, limit=page.size)
    hosts, cursor = page.cut(rows, lambda each: each.host)
    items = [BlockedHostResource.model_validate(each, from_attributes=True) for each in hosts]
    return BlockedHostList(items=items, next_cursor=cursor)


@router.put("/{host}", status_code=204)
async def block_host(host: HostInPath, authority: Writes, clients: ClientsDep) -> None:
    """Block the clients of a host.

    Their tokens, and what users allowed them, end at once.
    """
    await clients.blocked_hosts.block(host, authority=authority)


@router.delete("/{host}", status_code=204)
async def unblock_host(host: HostInPath, authority: Writes, clients: ClientsDep) -> None:
    """Allow the clients of a host again. Users have to allow them again."""
    await clients.blocked_hosts.unblock(host, authority=authority)
