"""Resolution of host names without a blocked thread.

`getaddrinfo` blocks a thread while a name server does not respond: one of the event loop's
executor, or one of four inside uvloop. The database driver resolves its host there too. All other
lookups use c-ares, which reads `resolv.conf` and `hosts` and waits on sockets.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.concurrency.late_imports import imported

if TYPE_CHECKING:
    import aiodns

TRY_SECONDS = 2.0
TRIES = 2


class HostNames:
    """`servers` replace the system's name servers, as `address` or `address:port`."""

    def __init__(self, servers: Sequence[str] = ()) -> None:
        self._servers = servers
        self._resolver: aiodns.DNSResolver | None = None

    async def addresses_of(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host, the preferred one first (RFC 6724).

        Raises `gaierror`, as the system's resolver does.
        """
        if _is_address(host):
            return [host]
        if host.rpartition(".")[2][:1].isdigit():  # parsers disagree on these
            raise socket.gaierror(socket.EAI_NONAME, "the name ends in a number")
        await imported("aiodns")
        import aiodns

        try:
            result = await self._resolver_of_the_loop().getaddrinfo(
                host, port=port, type=socket.SOCK_STREAM, family=socket.AF_UNSPEC
            )
        except aiodns.error.DNSError as error:
            raise socket.gaierror(socket.EAI_NONAME, str(error.args[-1])) from None
        except (UnicodeError, ValueError):
            raise socket.gaierror(socket.EAI_NONAME, "the name is malformed") from None
        return [_text(node.addr[0]) for node in result.nodes]

    async def connect(self, host: str, port: int) -> socket.socket:
        """Connect to one of the addresses of a host; raises `OSError`."""
        error: OSError = socket.gaierror(socket.EAI_NODATA, "the name has no address")
        for address in one_of_each_family(await self.addresses_of(host, port)):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            connection = socket.socket(family, socket.SOCK_STREAM)
            connection.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_connect(connection, (address, port))
            except OSError as failure:
                connection.close()
                error = failure
            except BaseException:  # for example, cancelled
                connection.close()
                raise
            else:
                return connection
        raise error

    async def close(self) -> None:
        resolver, self._resolver = self._resolver, None
        if resolver is not None:
            await resolver.close()

    def _resolver_of_the_loop(self) -> "aiodns.DNSResolver":
        import aiodns

        if self._resolver is None:
            self._resolver = aiodns.DNSResolver(
                nameservers=self._servers or None,
                timeout=TRY_SECONDS,
                tries=TRIES,
            )
        return self._resolver


def one_of_each_family(addresses: Sequence[str]) -> list[str]:
    """Return the first IPv6 and the first IPv4 address: a host may be reachable by only one."""
    firsts: dict[bool, str] = {}
    for address in addresses:
        firsts.setdefault(":" in address, address)
    return list(firsts.values())


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _text(address: str | bytes) -> str:
    return address.decode("ascii") if isinstance(address, bytes) else address
