"""Connections to Redis whose host is not looked up in a thread. Imported late: it wants redis."""

from typing import Any

from redis.asyncio.connection import AbstractConnection, Connection

from app.outbound.names import HostNames, one_of_each_family


def resolving(kind: type[AbstractConnection], names: HostNames) -> type[AbstractConnection]:
    """A kind of connection that resolves its host first; one to a socket of this machine stays."""
    if not issubclass(kind, Connection):
        return kind
    base: Any = kind

    class Resolving(base):  # type: ignore[misc]  # a class that the URL chose
        _address = ""

        def _connection_arguments(self) -> dict[str, Any]:
            arguments = {**super()._connection_arguments(), "host": self._address}
            if "ssl" in arguments:
                arguments["server_hostname"] = self.host  # which the certificate must name
            return arguments

        async def _connect(self) -> None:
            addresses = one_of_each_family(await names.addresses_of(self.host, int(self.port)))
            for self._address in addresses[:-1]:
                try:
                    return await super()._connect()  # type: ignore[no-any-return]  # as above
                except OSError:
                    continue
            self._address = addresses[-1]
            return await super()._connect()  # type: ignore[no-any-return]  # as above

    return Resolving
