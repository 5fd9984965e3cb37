"""Redis connections that resolve their host without a thread. Imported late with redis."""

from typing import Any

from redis.asyncio.connection import AbstractConnection, Connection

from app.outbound.names import HostNames, one_of_each_family


def resolving(kind: type[AbstractConnection], host_names: HostNames) -> type[AbstractConnection]:
    """Return a connection class that resolves its host; one for Unix sockets is unchanged."""
    if not issubclass(kind, Connection):
        return kind
    base: Any = kind

    class Resolving(base):  # type: ignore[misc]  # the base class depends on the URL
        _address = ""

        def _connection_arguments(self) -> dict[str, Any]:
            arguments = {**super()._connection_arguments(), "host": self._address}
            if "ssl" in arguments:
                arguments["server_hostname"] = self.host  # must be in the certificate
            return arguments

        async def _connect(self) -> None:
            addresses = one_of_each_family(await host_names.addresses_of(self.host, int(self.port)))
            for self._address in addresses[:-1]:
                try:
                    return await super()._connect()  # type: ignore[no-any-return]  # as above
                except OSError:
                    continue
            self._address = addresses[-1]
            return await super()._connect()  # type: ignore[no-any-return]  # as above

    return Resolving
